// The same work as SubstringSpeed for sdsl-lite's csa_wt_int<> (SEAL's structure) over the reversed text, so that
// backward search reads forward, and the sorting alone for libdivsufsort over the tokens as 16-bit bytes.
//
//   sdsl csa TOKENS LIMIT FILE     builds FILE unless it is there, then times every operation
//   sdsl sort TOKENS LIMIT         times divsufsort
//
// Prints lines of a name, a tab and a value.
#include <divsufsort.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sdsl/suffix_arrays.hpp>
#include <sdsl/wavelet_trees.hpp>
#include <set>
#include <string>
#include <vector>

using Tokens = std::vector<uint32_t>;
using Range = std::pair<size_t, size_t>;
static const uint32_t boundary = 102;

static double seconds() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void report(const std::string &name, double value) {
    std::cout << std::setprecision(12) << name << '\t' << value << std::endl;
}

template <class Body>
static double median(Body body) {
    double times[3];
    for (double &time : times) {
        double start = seconds();
        body();
        time = seconds() - start;
    }
    std::sort(times, times + 3);
    return times[1];
}

static uint64_t next_random() {
    static uint64_t state = 1;
    state += 0x9e3779b97f4a7c15ull;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static Tokens read(const char *path, size_t limit) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    size_t count = std::min<size_t>(limit, file.tellg() / 4);
    Tokens tokens(count);
    file.seekg(0);
    file.read(reinterpret_cast<char *>(tokens.data()), 4 * count);
    while (!tokens.empty() && tokens.back() != boundary) tokens.pop_back();
    return tokens;
}

static int sort(const Tokens &tokens) {
    std::vector<unsigned char> bytes;
    for (uint32_t token : tokens) {
        bytes.push_back(token >> 8);
        bytes.push_back(token & 255);
    }
    std::vector<int> order(bytes.size());
    double start = seconds();
    int failed = divsufsort(bytes.data(), order.data(), (int)bytes.size());
    report("suffix sorting s", seconds() - start);
    return failed;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    Tokens tokens = read(arguments[2], std::stoull(arguments[3]));
    if (std::string(arguments[1]) == "sort") return sort(tokens);
    size_t n = tokens.size();
    sdsl::csa_wt_int<> csa;
    if (!sdsl::load_from_file(csa, arguments[4])) {
        double start = seconds();
        {
            sdsl::int_vector<> text(n, 0, 16);
            // sdsl keeps 0 for itself.
            for (size_t i = 0; i < n; ++i) text[n - 1 - i] = tokens[i] + 1;
            sdsl::construct_im(csa, text, 0);
        }
        report("build s", seconds() - start);
        rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        report("peak bytes/token", 1024.0 * usage.ru_maxrss / n);
        sdsl::store_to_file(csa, arguments[4]);
    }
    report("FM-index bytes/token", double(sdsl::size_in_bytes(csa)) / n);

    std::vector<size_t> starts{0};
    for (size_t i = 0; i < n; ++i)
        if (tokens[i] == boundary) starts.push_back(i + 1);
    std::vector<Tokens> ngrams;
    while (ngrams.size() < 20000) {
        size_t passage = next_random() % (starts.size() - 1);
        size_t length = starts[passage + 1] - starts[passage];
        if (length <= 10) continue;
        size_t start = starts[passage] + next_random() % (length - 9);
        ngrams.emplace_back(tokens.begin() + start, tokens.begin() + start + 8);
    }
    auto find = [&](const uint32_t *ngram, size_t length) {
        Range range{0, csa.size() - 1};
        for (size_t i = 0; i < length; ++i) {
            size_t low, high;
            sdsl::backward_search(csa, range.first, range.second, (uint64_t)ngram[i] + 1, low, high);
            range = {low, high};
        }
        return range;
    };
    size_t sum = 0;
    double time = median([&] {
        sum = 0;
        for (auto &ngram : ngrams) {
            Range range = find(ngram.data(), 8);
            sum += range.second + 1 - range.first;
        }
    });
    report("extend ns", time * 1e9 / (8 * ngrams.size()));
    report("extend checksum", sum);

    size_t least[] = {n / 800, n / 100000, n / 400000};
    std::vector<uint64_t> symbols(csa.sigma), lows(csa.sigma), highs(csa.sigma);
    for (size_t depth = 1; depth <= 3; ++depth) {
        std::set<Tokens> seen;
        std::vector<Range> ranges;
        for (auto &ngram : ngrams) {
            if (!seen.insert(Tokens(ngram.begin(), ngram.begin() + depth)).second) continue;
            Range range = find(ngram.data(), depth);
            if (range.second + 1 - range.first < least[depth - 1]) continue;
            ranges.push_back(range);
            if (ranges.size() == 100) break;
        }
        size_t found = 0;
        time = median([&] {
            found = 0;
            for (auto &range : ranges) {
                uint64_t distinct;
                csa.wavelet_tree.interval_symbols(range.first, range.second + 1, distinct, symbols, lows, highs);
                found += distinct;
            }
        });
        std::string name = "distinct next tokens at depth " + std::to_string(depth);
        report(name + " us", time * 1e6 / ranges.size());
        report(name + " checksum", found / ranges.size());
    }

    std::vector<Range> ranges;
    for (size_t i = 0; i < 3000; ++i) {
        Range range = find(ngrams[i].data(), 3);
        if (range.second + 1 - range.first <= 1000) ranges.push_back(range);
    }
    // Locating takes its time: one range in 20, once.
    size_t rows = 0;
    sum = 0;
    double start = seconds();
    for (size_t i = 0; i < ranges.size(); i += 20) {
        for (size_t row = ranges[i].first; row <= ranges[i].second; ++row, ++rows) {
            size_t place = n - 1 - csa[row];
            sum += std::upper_bound(starts.begin(), starts.end(), place) - starts.begin() - 1;
        }
    }
    report("locate to document us", (seconds() - start) * 1e6 / rows);
    report("locate to document checksum", sum);
}
