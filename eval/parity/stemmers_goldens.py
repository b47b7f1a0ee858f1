#!/usr/bin/env python3
"""Writes Tests/LexicalIndexTests/Golden/stemmers.json: words of every Snowball language with their stems.

The words are from Snowball's vocabularies (https://github.com/snowballstem/snowball-data) as far as their licence is that of
Snowball (BSD), else our own; the stems are from the Python implementation of the version that Debian's libstemmer has:

    pip install snowballstemmer==2.2.0
    python3 eval/parity/stemmers_goldens.py path/to/snowball-data
"""
import json
import pathlib
import sys
import unicodedata

import snowballstemmer

# For languages whose vocabulary at Snowball has another licence than Snowball, or is not there.
OWN_WORDS = {
    "arabic": "الكتاب كتابها والمدرسة المدرسون مدرستهم يكتبون فكتبوا الطالبات معلمين السيارات بيوتهم لأطفالهم مكتبات العربية "
    "وسيكتبونها أخبارنا استعمال المسلمون تلاميذ بالقلم",
    "armenian": "գրքեր գրքերի տներում քաղաքից քաղաքների ուսուցիչները գրում գրեցին աշխատանքային մարդկանց լեռներից երեխաներին",
    "basque": "etxeetan etxearen liburuak liburuetatik haurrekin mendietara idazten zuhaitzaren herrietako lagunekin ikasleek urtean",
    "catalan": "llibres cases escrivint escriuen muntanyes universitats treballadors ràpidament nacionalitat cançons parlaven "
    "ciutadania",
    "french": "continuellement majestueusement nationalité chanteuses élèves répétition marchaient livres généreux finissons "
    "habitations maison préférée journaux",
    "greek": "βιβλία βιβλίων σπίτια γράφουμε έγραψαν δάσκαλος δασκάλους πόλεις ανθρώπων θάλασσες τραγούδια ελληνικών",
    "hindi": "किताबें किताबों लड़कियाँ लड़कों लिखता लिखेंगे घरों शहरों पहाड़ियों बच्चों भाषाओं जाएगा",
    "indonesian": "membaca dibaca pembaca bacaan berjalan perjalanan menuliskan tulisan kebesaran rumahnya bukunya mengajarkan",
    "lithuanian": "knygos knygomis namuose miestai rašytojas rašydamas vaikams kalnuose mokytojai gražiausias dainavo upėje",
    "serbian": "књигама градовима читајући учитељи писали деца планинама knjigama gradovima pisali učitelji šumama",
    "tamil": "வீடுகள் மரங்கள் புத்தகங்கள் பள்ளிக்கு நாட்டின் மக்களின் செய்தார்கள் வந்தான் நகரத்தில் மொழியில் "
    "ஆண்டுகளில் எழுதினார் தமிழில் வாழ்க்கையின் மாணவர்கள்",
    "yiddish": "ביכער הייזער שרייבן געשריבן לערער לערערין קינדער שטעטלעך מענטשן שפראכן געזונגען פרייהייט",
}

WORDS = 40


def vocabulary(folder):
    if folder.name in OWN_WORDS:
        return OWN_WORDS[folder.name].split()
    return (folder / "voc.txt").read_text(encoding="utf-8").split("\n")


def is_plain(word):
    """Whether analysis keeps the word as it is: letters and marks, small, in NFC."""
    return (
        len(word) > 3
        and word == word.lower() == unicodedata.normalize("NFC", word)
        and all(unicodedata.category(c)[0] == "L" or unicodedata.category(c)[:2] in ("Mn", "Mc") for c in word)
    )


def main():
    data = pathlib.Path(sys.argv[1])
    golden = {}
    for language in sorted(snowballstemmer.algorithms()):
        stemmer = snowballstemmer.stemmer(language)
        words = [word for word in vocabulary(data / language) if is_plain(word)]
        # Words that stemming changes say more; every fourth may stay as it is.
        changed = [word for word in words if stemmer.stemWord(word) != word]
        step = max(1, len(changed) // (WORDS * 3 // 4))
        chosen = changed[::step][: WORDS * 3 // 4]
        chosen += words[:: max(1, len(words) // (WORDS // 4))][: WORDS // 4]
        golden[language] = {word: stemmer.stemWord(word) for word in sorted(set(chosen))}
    path = pathlib.Path(__file__).parents[2] / "Tests/LexicalIndexTests/Golden/stemmers.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n")
    print(path, sum(len(stems) for stems in golden.values()), "words of", len(golden), "stemmers")


if __name__ == "__main__":
    main()
