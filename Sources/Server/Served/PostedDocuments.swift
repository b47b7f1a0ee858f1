import Foundation
import NIOCore
import Synchronization
import TrawlCore
import TrawlCorpus

/// The documents of a request's body: JSON lines, each with an id. One that cannot be read refuses them all.
final class PostedDocuments: DocumentSource {
    private let documents: DocumentIterator
    private let file: UnsafeMutablePointer<FILE>
    /// How many were given so far.
    private(set) var count = 0

    var totalBytes: Int? { nil }
    var bytesRead: Int { documents.bytesRead }
    var warnings: [String] { documents.warnings }

    /// - Throws: `TrawlError` where there is no space for a copy of the body.
    init(_ body: ByteBuffer) throws {
        // The reader wants a descriptor. A file without a name goes when it is closed.
        guard let file = tmpfile() else { throw Self.failure }
        self.file = file
        let descriptor = fileno(file)
        let isWritten = body.withUnsafeReadableBytes { fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
        guard isWritten, fflush(file) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            fclose(file)
            throw Self.failure
        }
        documents = try CorpusReader(paths: ["-"], format: .jsonLines, onBadInput: .stop, standardInput: descriptor)
            .makeIterator()
    }

    deinit { fclose(file) }

    private static var failure: TrawlError {
        TrawlError(
            errno == ENOSPC ? .full : .io,
            "the documents cannot be kept in \(P_tmpdir) while they are read: \(String(cString: strerror(errno)))")
    }

    func next() throws -> Document? {
        guard let document = try documents.next() else { return nil }
        guard documents.summary.numberedDocuments == 0 else {
            throw TrawlError(
                .invalidInput, "a document has no id", line: document.origin.line,
                remedy: "give every document an id, so that sending it again replaces it")
        }
        count += 1
        return document
    }

    /// An error about these documents, with its place in the body.
    static func placed(_ error: TrawlError) -> TrawlError {
        var error = error
        error.message = error.message.replacingOccurrences(of: "standard input:", with: "line ")
        if let line = error.line { error.message = "line \(line) of the body: \(error.message)" }
        return error
    }
}

/// Collects what the writer of an answer should know.
final class Notes: ProgressReporter {
    private let notes = Mutex<[String]>([])

    var all: [String] { notes.withLock { $0 } }
    func begin(_ step: String, total: Int?, unit: String) {}
    func advance(_ count: Int) {}
    func end() {}
    func note(_ message: String) {}
    func warn(_ message: String) { notes.withLock { $0.append(message) } }
}
