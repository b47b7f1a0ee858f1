/// The style sheet of the page: quiet, light or dark as the reader's system is. The colours of systems are those of Okabe and
/// Ito and of Tol, which people with any colour vision tell apart.
let pageStyle = """
    :root{color-scheme:light dark;--paper:#fff;--ink:#1b1c1e;--soft:#595d64;--rule:#d6d9dd;--faint:#f3f4f5;--up:#0067a8;\
    --down:#b8470a;--good:#00684a;--heat:#08457e;--c0:#0072b2;--c1:#d55e00;--c2:#00876a;--c3:#aa3f8f;--c4:#9a7400;\
    --c5:#4d5156;--c6:#3f97cf;--c7:#882255}
    @media (prefers-color-scheme:dark){:root{--paper:#131416;--ink:#e3e4e6;--soft:#a1a5ac;--rule:#36393f;--faint:#1e2023;\
    --up:#62b6ea;--down:#f0915c;--good:#4fd0a5;--heat:#8fc8ff;--c0:#5db2e8;--c1:#f28c4f;--c2:#3fc9a0;--c3:#dd97cd;\
    --c4:#e2bd4d;--c5:#c9ccd1;--c6:#3487bd;--c7:#e0789f}}
    *{box-sizing:border-box}
    html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif;\
    background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
    body{margin:0}
    main{max-width:68rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
    h1{font-size:1.6rem;line-height:1.25;font-weight:600;margin:0 0 .25rem}
    h2{font-size:1.15rem;font-weight:600;margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule)}
    h3{font-size:1rem;font-weight:600;margin:1.75rem 0 .4rem;overflow-wrap:anywhere}
    p{margin:.5rem 0;max-width:48rem}
    .note,figcaption,caption{color:var(--soft);font-size:.85rem;text-align:left}
    ul.warnings{border-left:3px solid var(--down);margin:1rem 0;padding:.25rem 0 .25rem 1.75rem;max-width:48rem}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums lining-nums;font-size:.9rem}
    th,td{padding:.3rem .7rem;text-align:right;vertical-align:baseline;font-weight:400;white-space:nowrap}
    th:first-child,td:first-child{text-align:left;padding-left:0}
    th:last-child,td:last-child{padding-right:0}
    thead th{font-weight:600;border-bottom:1px solid var(--ink);vertical-align:bottom}
    tbody tr{border-bottom:1px solid var(--rule)}
    tbody:last-child tr:last-child{border-bottom:1px solid var(--ink)}
    tbody th[scope=rowgroup]{font-weight:600;padding-top:1rem}
    .means th:first-child{padding-left:0}
    .mark{display:inline-block;text-align:left;color:var(--soft);font-size:.85em}
    .ci{display:block;color:var(--soft);font-size:.78rem;font-weight:400}
    .means th,.means td{padding-left:.5rem;padding-right:.5rem}.means thead th{white-space:normal}
    .means .ci{padding-right:var(--marks)}
    .means .mark{width:var(--marks);padding-left:.15em}
    .means thead th.score{padding-right:calc(.5rem + var(--marks))}.means thead th.score:last-child{padding-right:var(--marks)}
    b{font-weight:650}
    .up{color:var(--up)}.down{color:var(--down)}
    .pairs{font-size:.85rem}.pairs th,.pairs td{padding-left:.5rem;padding-right:.5rem}
    .pairs th:first-child{padding-left:0}.pairs th:last-child,.pairs td:last-child{padding-right:0}
    .pairs thead th{white-space:normal}.pairs tbody tr:not(:first-child){vertical-align:middle}
    .pairs td.plot{padding-top:0;padding-bottom:0;line-height:0;vertical-align:middle}
    .pairs tr.last{border-bottom:0}
    .wide{position:relative;overflow-x:auto;margin:.75rem 0}
    .wide:focus-visible{outline:2px solid var(--up);outline-offset:2px}
    figure{margin:1rem 0}
    .multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(29.5rem,100%),1fr));gap:1rem}
    .multiples figure{margin:0}.multiples svg{max-width:100%;height:auto}
    svg{display:block;overflow:visible;font-size:12px;font-variant-numeric:tabular-nums}
    svg text{fill:var(--soft)}
    .axis{stroke:var(--soft)}.grid{stroke:var(--rule)}.zero{stroke:var(--soft);stroke-dasharray:2 2}
    .whisker{stroke-width:1.5}.whisker.up{stroke:var(--up)}.whisker.down{stroke:var(--down)}.bars.up{fill:var(--up)}.bars.down{fill:var(--down)}
    .whisker.none{stroke:var(--soft)}.dot.up{fill:var(--up)}.dot.down{fill:var(--down)}
    .dot.none{fill:var(--paper);stroke:var(--soft);stroke-width:1.5}
    .curve{fill:none;stroke-width:1.75}.dashed{stroke-dasharray:5 3}.front{fill:none;stroke:var(--soft);stroke-dasharray:4 3}
    .error{stroke-width:1.25;opacity:.75}.mark.hollow{stroke-width:1.5}
    .label{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
    .ground{fill:var(--faint)}.h{fill:var(--heat)}.h,.ground,.bars{shape-rendering:crispEdges}
    SERIES
    .hits{table-layout:fixed;width:100%;font-size:.8rem}
    .hits th,.hits td{text-align:left;padding:.25rem .6rem .25rem 0;white-space:normal;vertical-align:top;\
    overflow-wrap:anywhere}
    .hits td>div{display:grid;grid-template-columns:auto 1fr;align-items:start}
    .clip{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;line-height:1.35}
    .hits .rank{width:3rem;color:var(--soft);overflow-wrap:normal}
    .hits td.relevant{color:var(--good)}
    .ranks{font-size:.8rem}.ranks caption{padding:.25rem 0;white-space:nowrap}
    .id{color:var(--soft);font-weight:400;font-size:.9em}
    .grade{display:inline-block;min-width:1.35em;margin-right:.45em;text-align:center;font-size:.85em;line-height:1.35em;\
    border-radius:2px;color:var(--soft)}
    .grade.good{background:var(--good);color:var(--paper);font-weight:600}
    .grade.bad{box-shadow:inset 0 0 0 1px var(--rule)}
    details{margin:.5rem 0}
    summary{cursor:pointer;color:var(--soft);font-size:.85rem}
    dl{font-size:.85rem;max-width:52rem}
    dt{margin-top:.6rem;font-weight:600;overflow-wrap:anywhere}
    dd{margin:0;overflow-wrap:anywhere}
    .sources th,.sources td{white-space:normal;text-align:left;vertical-align:top;overflow-wrap:anywhere}
    .sources th{white-space:nowrap;color:var(--soft);padding-right:1.25rem}
    code,pre{font:.85em/1.45 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
    pre{white-space:pre-wrap;margin:.25rem 0}
    .spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    @media print{main{max-width:none;padding:0}.wide{overflow:visible}}
    """.replacing("SERIES", with: series + "\n" + shades)

/// The colours of curves, error bars and marks.
private let series =
    (0..<8).map { number in
        ".curve.c\(number),.error.c\(number){stroke:var(--c\(number))}.mark.c\(number){fill:var(--c\(number));"
            + "stroke:var(--c\(number))}"
    }.joined() + ".mark.hollow{fill:var(--paper)}"

/// The shades of the heat map.
private let shades = (0...10).map { ".h\($0){fill-opacity:\(Drawing.number(Double($0) / 10))}" }.joined()
