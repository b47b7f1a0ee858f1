import java.nio.file.*;
import java.util.*;
import org.apache.lucene.analysis.*;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.*;
import org.apache.lucene.index.*;
import org.apache.lucene.search.*;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.*;

/** Indexes and searches lines of words with Lucene, for lexical.py: Lucene index TEXTS FOLDER, or Lucene search FOLDER QUERIES K ROUNDS. */
public class Lucene {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("index")) {
            index(arguments[1], arguments[2]);
        } else {
            search(arguments[1], arguments[2], Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
        }
    }

    private static void index(String texts, String folder) throws Exception {
        IndexWriterConfig settings = new IndexWriterConfig(new WhitespaceAnalyzer());
        settings.setSimilarity(new BM25Similarity(1.2f, 0.75f));
        settings.setRAMBufferSizeMB(512);
        try (IndexWriter writer = new IndexWriter(FSDirectory.open(Path.of(folder)), settings)) {
            FieldType type = new FieldType();
            type.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
            for (String line : Files.readAllLines(Path.of(texts))) {
                Document document = new Document();
                document.add(new Field("text", line, type));
                writer.addDocument(document);
            }
            writer.forceMerge(1);
        }
    }

    private static void search(String folder, String file, int k, int rounds) throws Exception {
        List<String> queries = Files.readAllLines(Path.of(file));
        double[] best = new double[queries.size()];
        TopDocs[] found = new TopDocs[queries.size()];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        try (IndexReader reader = DirectoryReader.open(MMapDirectory.open(Path.of(folder)))) {
            IndexSearcher searcher = new IndexSearcher(reader);
            searcher.setSimilarity(new BM25Similarity(1.2f, 0.75f));
            searcher.setQueryCache(null);
            for (int round = 0; round < rounds; round++) {
                for (int number = 0; number < queries.size(); number++) {
                    long start = System.nanoTime();
                    BooleanQuery.Builder query = new BooleanQuery.Builder();
                    for (String word : new LinkedHashSet<>(Arrays.asList(queries.get(number).split(" ")))) {
                        query.add(new TermQuery(new Term("text", word)), BooleanClause.Occur.SHOULD);
                    }
                    found[number] = searcher.search(query.build(), k);
                    best[number] = Math.min(best[number], (System.nanoTime() - start) * 1e-9);
                }
            }
        }
        for (int number = 0; number < best.length; number++) {
            StringBuilder hits = new StringBuilder();
            for (ScoreDoc hit : found[number].scoreDocs) {
                hits.append(hits.length() > 0 ? "," : "").append("[" + hit.doc + "," + hit.score + "]");
            }
            System.out.println("{\"seconds\":" + best[number] + ",\"hits\":[" + hits + "]}");
        }
    }
}
