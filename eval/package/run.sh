#!/usr/bin/env bash
# Builds and runs a scratch package that depends on this checkout and has targets named Tokenizers, Models and Generation of
# its own: eval/package/run.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in Tokenizers Models Generation; do
    mkdir -p "Sources/$name"
    echo "public func name$name() -> String { \"my own $name\" }" > "Sources/$name/$name.swift"
done
mkdir -p Sources/scratch
cat > Package.swift <<SWIFT
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "scratch",
    dependencies: [.package(name: "trawl", path: "$root")],
    targets: [
        .target(name: "Tokenizers"), .target(name: "Models"), .target(name: "Generation"),
        .executableTarget(
            name: "scratch",
            dependencies: ["Tokenizers", "Models", "Generation", .product(name: "Trawl", package: "trawl")]),
    ])
SWIFT
cat > Sources/scratch/main.swift <<'SWIFT'
import Generation
import Models
import Tokenizers
import Trawl

func search() throws -> [String] {
    let engine = Engine()
    let folder = try TemporaryIndexFolder()
    try engine.build(
        RecipeFile(IndexRecipe(build: ["lexical"])), at: folder.path,
        documents: DocumentList([
            try Document(id: "tides", text: "The moon pulls the oceans."), try Document(id: "iron", text: "Iron rusts."),
        ]))
    return try engine.search("oceans", in: engine.open(folder.path)).hits.map(\.document.rawValue)
}

print(nameTokenizers(), nameModels(), nameGeneration(), try search())
SWIFT
swift build 2>&1 | tail -n 3
.build/debug/scratch
