import Glibc
import Testing
import TrawlCore

@testable import TrawlCorpus

/// The processor's time that this thread has taken, which other processes do not lengthen.
private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

@Suite struct HTMLTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func page(_ html: String) throws -> Document {
        try fixture.write("a.html", html)
        return try fixture.documents("a.html")[0]
    }

    @Test func blocksEntitiesAndDroppedElements() throws {
        let document = try page(
            """
            <!doctype html><html><head><title> A &amp;
            B </title><style>p { x }</style><meta charset="utf-8"></head><body>
            <script>var x = "<p>no</p>";</script>
            <h1>Big</h1>text <b>bo</b>ld &lt;tag&gt; caf&eacute; &#8212; &#x41;<br>next
            <div><div>deep<p>para <i>one</p></i></div></div><ul><li>x<li>y</ul>
            <table><tr><td>1</td><td>2</td></tr></table><noscript>no</noscript>
            <pre>a  b
            c</pre>unclosed <b>tail
            """)
        #expect(document.title == "A & B")
        #expect(
            document.text
                == "Big\ntext bold <tag> café — A\nnext\ndeep\npara one\nx\ny\n1 2\na  b\nc\nunclosed tail")
    }

    @Test func titleFallsBackToTheFileName() throws {
        #expect(try page("<p>x").title == "a")
    }

    @Test func charsetsAreHonoured() throws {
        let latin = [UInt8]("<meta charset=ISO-8859-1><p>caf".utf8) + [0xE9, 0x80]
        try fixture.write("l.html", latin)
        #expect(try fixture.documents("l.html")[0].text == "café€")
        let japanese = [UInt8]("<meta http-equiv=content-type content='text/html; charset=Shift_JIS'><p>".utf8)
        try fixture.write("j.html", japanese + [0x93, 0xFA, 0x96, 0x7B])
        #expect(try fixture.documents("j.html")[0].text == "日本")
        try fixture.write("u.html", [0xFF, 0xFE] + "<p>é日".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        #expect(try fixture.documents("u.html")[0].text == "é日")
        #expect(try page("<p>né 日本</p>").text == "né 日本")
        #expect(try page("<meta charset=latin1><p>né 日本</p>").text == "né 日本")
        #expect(try page("\u{FEFF}<p>né\0 日本</p>").text == "né 日本")
    }

    @Test func undeclaredAndUnknownCharsetsAreRefused() throws {
        try fixture.write("l.html", [UInt8]("<p>a\ncaf".utf8) + [0xE9])
        #expect(fixture.failure("l.html").hasPrefix("l.html:2: is not UTF-8: byte 4 of the line is 0xE9"))
        try fixture.write("w.html", [UInt8]("<meta charset=windows-1252>\n<p>caf".utf8) + [0xE9, 0x81])
        #expect(
            fixture.failure("w.html").hasPrefix(
                "w.html:2: is not in the charset windows-1252: byte 8 of the line is 0x81"))
        try fixture.write("k.html", [UInt8]("<meta charset=klingon><p>caf".utf8) + [0xE9])
        #expect(fixture.failure("k.html").hasPrefix("k.html: declares the charset klingon"))
    }

    @Test func deepNestingKeepsItsText() throws {
        let html =
            String(repeating: "<div>", count: 3_000) + "deep" + String(repeating: "</div>", count: 3_000) + "<p>end"
        #expect(try page(html).text == "deep\nend")
    }

    @Test func mainContentIsWhatMainOrArticleHolds() throws {
        let chrome = "<header><h1>Site</h1></header><nav>menu</nav>"
        let foot = "<aside>ad</aside><footer>imprint</footer>"
        #expect(
            try page("\(chrome)<main><header><h1>Tides</h1></header><p>High water.</main>\(foot)").text
                == "Tides\nHigh water.")
        #expect(
            try page("\(chrome)<article>one<footer>by A</footer></article><article>two</article>\(foot)").text
                == "one\nby A\ntwo")
        #expect(try page("\(chrome)<div role=main>role</div>\(foot)").text == "role")
        #expect(try page("\(chrome)<p>plain<section><header>kept</header></section>\(foot)").text == "plain\nkept")
        // A page that fills its <main> by a script, and one that is nothing but navigation.
        #expect(try page("<main><script>x()</script></main><p>text").text == "text")
        #expect(try page("<nav>only this</nav>").text == "only this")
    }

    @Test func blocksThatAreNamedAsNavigationAreLeftOut() throws {
        let docbook =
            "<div id=banner><a href=x>Download</a></div>"
            + "<ul class='docnav top'><li class=previous><a href=p>Prev</a><li>The Book<li><a href=n>Next</a></ul>"
            + "<div class=section><h2>Quotas</h2><p>A limit.</div><div class=navfooter><table><tr><td>Up</table></div>"
        #expect(try page(docbook).text == "Quotas\nA limit.")
        #expect(try page("<ol class=breadcrumbs><li>Home</ol><p class='note nav-hint'>x</p><p>y").text == "y")
        // A class says something of what is around or beside, too.
        #expect(try page("<div class='page with-nav'><h1>Tides</h1><p>High water.</div>").text == "Tides\nHigh water.")
        let long = (0..<600).map { "<p>\($0)" }.joined()
        #expect(try page("<div class=nav>\(long)</div>").text.hasSuffix("598\n599"))
        #expect(try page("<p>a <span class=nav>b</span> <em id=navigate>c</em>").text == "a b c")
        #expect(try page("<main><ul class=nav><li>in</ul>text</main>").text == "text")
        #expect(try page("<ul class=nav><li>only this</ul>").text == "only this")
    }

    @Test func hiddenElementsAreLeftOut() throws {
        #expect(
            try page("a<p hidden>b</p><p aria-hidden=true>c</p><p aria-hidden=false>d</p><template>e</template>").text
                == "a\nd")
    }

    @Test func headingsAreLocated() throws {
        let document = try page("<title>T</title><p>a<h1>One <b>é</b><br>more</h1><p>b<h3>Two</h3><h4> </h4>c")
        #expect(document.text == "a\nOne é more\nb\nTwo\nc")
        #expect(headingLines(document) == ["1 One é more", "3 Two"])
        #expect(try page("<header><h1>First</h1></header><p>x").title == "First")
    }

    @Test func parsingTimeIsBounded() throws {
        let start = threadSeconds()
        let unclosed = String(repeating: "<b>", count: 300_000) + "text" + String(repeating: "</i>", count: 300_000)
        #expect(try page(unclosed).text == "text")
        let named = String(repeating: "<div class=nav>", count: 3_000) + String(repeating: "<br>", count: 100_000)
        #expect(try page(named + "text").text == "text")
        let attributes = (0..<100_000).map { " a\($0)=\"x > y\"" }.joined()
        #expect(try page("<p\(attributes)>text</p><p>more").text == "text\nmore")
        let lists = String(repeating: "<ul><li>x", count: 100_000)
        #expect(try page(lists).text.split(separator: "\n").count == 100_000)
        // End tags may be omitted here, so that this is not deep.
        let rows = "<table>" + String(repeating: "<tr><td>a<td>b", count: 50_000)
        #expect(try page(rows).text.split(separator: "\n").count == 50_000)
        #expect(threadSeconds() - start < 10)
        #expect(fixture.failure("a.html") == "nothing was thrown")
        try fixture.write("a.html", String(repeating: "<li><dd>", count: 100_000))
        #expect(fixture.failure("a.html").contains("nested deeper than 1024"))
    }
}
