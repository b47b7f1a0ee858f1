import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct RestructuredTextTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func markupFallsAwayAndHeadingsAreLocated() throws {
        try fixture.write(
            "a.rst",
            """
            .. _top:

            =====
            Tides
            =====

            :Author: N. N.

            .. toctree::
               :maxdepth: 2

               other

            High *water* is at ``noon``, see :ref:`the table <table>` and
            `the site <http://x.org>`_.

            Low water
            ---------

            .. note:: Mind the *mud*.

            .. A comment
               of two lines.

            Run this::

                if x:
                    y * z

            - one
            - two

            .. code-block:: python
               :linenos:

               a = `b`

            ====  ====
            Brest 12
            ====  ====

            Neap
            ~~~~
            End.
            """)
        let document = try fixture.documents("a.rst")[0]
        #expect(document.title == "Tides")
        #expect(document.value(of: "author") == "N. N.")
        #expect(
            document.text == """
                Tides

                High water is at noon, see the table and the site.

                Low water

                Mind the mud.

                Run this:

                    if x:
                        y * z

                one
                two

                   a = `b`

                Brest 12

                Neap

                End.
                """)
        #expect(headingLines(document) == ["1 Tides", "2 Low water", "3 Neap"])
    }
}
