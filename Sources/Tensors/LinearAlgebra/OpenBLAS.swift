internal import CTrawlOpenBLAS
internal import Glibc
internal import TrawlCore

/// OpenBLAS, loaded when it is first used.
///
/// Linked in, the library would cost every command its start: the loader maps 36 MB and Fortran's run-time library, and
/// a constructor looks at the processor, allocates buffers and starts a thread for each core. A C program that does
/// nothing takes 0.6 ms without it and 2.0 ms with it, a cold `trawl count` 31.5 ms and 34.2 ms, with 2.5 MB more of
/// memory. Loaded here, that is paid by the first call; a process that makes none neither maps the library nor has its
/// threads.
struct OpenBLAS: Sendable {
    /// The routines of single and of double precision.
    let single: LinearAlgebraRoutines<Float>
    let double: LinearAlgebraRoutines<Double>

    /// The library of this process, or why there is none.
    static let shared = Result { try OpenBLAS(library: "libopenblas.so.0") }

    /// Loads a library by the name under which the dynamic loader finds it. It stays loaded.
    ///
    /// Its calls run on the caller's thread from then on, also those of other users of the library in this process.
    init(library name: String) throws {
        guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "the loader names no reason"
            throw TrawlError(
                .notFound, "OpenBLAS cannot be loaded: \(reason)", remedy: "install the Debian package libopenblas0")
        }
        func function<Function>(_ symbol: String, _ type: Function.Type) throws -> Function {
            guard let address = dlsym(library, symbol) else {
                throw TrawlError(
                    .incompatible, "\(name) has no function '\(symbol)'",
                    remedy: "install the Debian package libopenblas0")
            }
            // dlsym gives an address; the header of the module says of which type.
            return unsafeBitCast(address, to: type)
        }
        try function("openblas_set_num_threads", trawl_set_threads_function.self)(1)
        single = LinearAlgebraRoutines(
            gemm: try function("cblas_sgemm", trawl_sgemm_function.self),
            syevd: try function("ssyevd_", trawl_ssyevd_function.self),
            gesdd: try function("sgesdd_", trawl_sgesdd_function.self),
            posv: try function("sposv_", trawl_sposv_function.self))
        double = LinearAlgebraRoutines(
            gemm: try function("cblas_dgemm", trawl_dgemm_function.self),
            syevd: try function("dsyevd_", trawl_dsyevd_function.self),
            gesdd: try function("dgesdd_", trawl_dgesdd_function.self),
            posv: try function("dposv_", trawl_dposv_function.self))
    }
}
