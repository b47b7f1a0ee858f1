import ArgumentParser

@main
struct Trawl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Search a corpus three ways.")
}
