import Hummingbird
import NIOCore

/// What routes know of a request besides its head and body.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var connection: ObjectIdentifier { ObjectIdentifier(channel) }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
