import HTTPTypes
import Hummingbird
import NIOCore

/// The page to search in. Its files are part of the binary.
struct PageRoutes: Routes {
    static let files: [(path: String, type: String, content: [UInt8])] = [
        ("/", "text/html; charset=utf-8", PackageResources.index_html),
        ("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
        ("/page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
        ("/api.js", "text/javascript; charset=utf-8", PackageResources.api_js),
        ("/view.js", "text/javascript; charset=utf-8", PackageResources.view_js),
    ]

    func add(to table: inout RouteTable) {
        for file in Self.files {
            table.on(.get, file.path) { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: file.type,
                        .cacheControl: "no-cache",
                        .contentSecurityPolicy: "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
                    ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.content)))
            }
        }
    }
}
