/// Programming languages by the extensions of their files.
enum ProgrammingLanguage {
    private static let extensions: [String: String] = [
        "asm": "assembly", "awk": "awk", "bash": "shell", "bat": "batch", "c": "c", "cc": "c++", "cjs": "javascript",
        "clj": "clojure", "cpp": "c++", "cs": "c#", "css": "css", "cu": "cuda", "cxx": "c++", "d": "d", "dart": "dart",
        "el": "emacs-lisp", "elm": "elm", "erl": "erlang", "ex": "elixir", "exs": "elixir", "f90": "fortran",
        "fish": "shell", "fs": "f#", "go": "go", "gradle": "groovy", "graphql": "graphql", "groovy": "groovy", "h": "c",
        "hpp": "c++", "hh": "c++", "hs": "haskell", "java": "java", "jl": "julia", "js": "javascript",
        "jsx": "javascript",
        "kt": "kotlin", "kts": "kotlin", "less": "less", "lisp": "lisp", "lua": "lua", "m": "objective-c",
        "mjs": "javascript", "ml": "ocaml", "mli": "ocaml", "mm": "objective-c", "nim": "nim", "nix": "nix",
        "pas": "pascal", "php": "php", "pl": "perl", "pm": "perl", "proto": "protobuf", "ps1": "powershell",
        "py": "python", "pyi": "python", "pyx": "cython", "r": "r", "rb": "ruby", "rs": "rust", "s": "assembly",
        "scala": "scala", "scm": "scheme", "scss": "scss", "sh": "shell", "sql": "sql", "svelte": "svelte",
        "swift": "swift", "tcl": "tcl", "tf": "terraform", "ts": "typescript", "tsx": "typescript",
        "vb": "visual-basic",
        "vim": "vim", "vue": "vue", "zig": "zig", "zsh": "shell",
    ]

    /// - Parameter fileExtension: In lower case.
    static func name(ofExtension fileExtension: String) -> String? { extensions[fileExtension] }
}
