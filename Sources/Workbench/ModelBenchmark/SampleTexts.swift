/// Prose to measure models on where the user has named none.
enum SampleTexts {
    /// `count` passages of 20 to 170 words, made of `sentences` in a fixed order that differs from passage to passage.
    static func passages(_ count: Int) -> [String] {
        var next = 0
        return (0..<count).map { index in
            let length = 2 + index * 7 % 9
            let step = 1 + index % 5
            defer { next += 3 }
            return (0..<length).map { sentences[(next + $0 * step) % sentences.count] }.joined(separator: " ")
        }
    }

    static let sentences = [
        "Salmon leave the sea in autumn and swim up the river in which they hatched, steering by its smell.",
        "A glacier moves because ice under pressure flows, and because meltwater lets its bed slide over the rock.",
        "In 1854 John Snow marked the deaths from cholera on a map of Soho and found them crowded around one pump.",
        "The heart of a blue whale beats about eight times a minute when it dives and some thirty when it surfaces.",
        "Bread rises because yeast turns sugar into alcohol and carbon dioxide, which the gluten of the dough holds back.",
        "Vitamin C prevents scurvy, as James Lind showed aboard HMS Salisbury with oranges and lemons.",
        "A suffix array lists the suffixes of a text in alphabetical order, so that a phrase is found by binary search.",
        "The first printed book with movable type in Europe came from Johannes Gutenberg's workshop in Mainz.",
        "Patients given the drug had fewer heart attacks than those given a placebo, but more bleeding of the stomach.",
        "Sound travels faster in water than in air, and faster still in steel, because stiff matter passes pressure on.",
        "The Treaty of Westphalia ended thirty years of war and let each prince decide the faith of his land.",
        "Chlorophyll absorbs red and blue light and reflects green, which is why leaves look the way they do.",
        "Interest rates rise when a central bank wants people to save rather than to spend.",
        "Enzymes lower the energy that a reaction needs to begin and are not used up by it.",
        "Who carried the lantern across the pass that night, the villagers never learned.",
        "The court held that the contract was void, since neither party had understood what the other was selling.",
        "Mice without the receptor gained weight on the same diet, and their blood sugar stayed high after a meal.",
        "An orchestra tunes to the oboe because its note is steady and easy to hear.",
        "Volcanic ash dims the sun: the year after Tambora erupted had no summer in New England.",
        "To multiply two matrices quickly, keep a small block of one in the registers and stream the other past it.",
        "The lighthouse keeper wrote down the weather every four hours for thirty-one years.",
        "Antibodies bind to a virus and mark it, and cells that recognise the mark destroy it.",
        "Rice was first grown along the Yangtze, where wild varieties still stand in the marshes.",
        "If a bridge carries its load by tension it needs cables and anchors, if by compression it needs arches.",
    ]
}
