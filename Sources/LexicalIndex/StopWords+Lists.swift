/// The lists are short on purpose: articles, pronouns, prepositions, conjunctions and auxiliaries that no passage is about.
/// The English ones are those of Lucene's EnglishAnalyzer; the others were written for Trawl.
extension StopWords {
    /// Words that are not indexed, by language.
    static let unindexed: [String: String] = [
        "en": """
        a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
        to was will with
        """,
        "ar": """
        في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين هو هي هم أن إن كان كانت قد لا ما لم لن أو ثم و كل بين بعد قبل عند
        حتى كما لكن أي إذا غير فإن به له لها فيه فيها منه منها عليه عليها إليه
        """,
        "hy": """
        և եւ ու է են էր էին եմ ես եք ենք որ որը որոնք այս այդ այն իր նա նրա նրան մեջ համար հետ վրա մասին կամ բայց թե ինչ ոչ
        չէ մի դա սա նաեւ նաև ըստ պես
        """,
        "eu": """
        eta edo da dira zen ziren du dute zuen zuten bat batek baten bere beren hau hori hura hauek horiek haiek ez baina
        ere dela den diren izan egin egiten dituzte ditu bezala arte baino gero hala
        """,
        "ca": """
        el la els les un una uns unes de del dels a al als en i o però que es s d l n per amb no és són era va van ha han
        ser seva seu seus seves aquest aquesta aquests aquestes això com més si li hi ho on entre sobre sense fins també
        """,
        "da": """
        og i at det en den til er som på de med han af for ikke der var et har om vi hun havde sig men hvis fra eller også
        ved dem hans hendes deres blev bliver kan skal vil være været efter under over denne dette disse jeg du
        """,
        "nl": """
        de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn
        men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb heeft hebben deze u want nog zal
        wordt worden werd geen hun
        """,
        "fi": """
        ja on ei se että joka hän olla oli ovat olivat mutta tai sekä kun kuin niin ne tämä tämän sen joita jotka jossa
        myös ole mukaan jos vain he hänen minä sinä me te nämä nuo tuo eivät ollut olisi sitä siitä
        """,
        "fr": """
        le la les l un une des de du d à au aux et ou en dans par pour sur avec sans sous ce cet cette ces c il elle ils
        elles on je tu nous vous se s sa son ses leur leurs qui que qu dont où ne n pas est sont était ont a été être
        avoir mais si y lui même plus comme
        """,
        "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei beim mit nach von
        vom vor zu zum zur für über unter durch um als wie auch nicht ist sind war waren wird werden wurde wurden hat
        haben hatte sein seine seiner seinen seinem ihr ihre ihrer ihren ihrem er sie es wir ich du sich dass daß wenn
        so nur noch bis man dieser diese dieses diesem diesen
        """,
        "el": """
        ο η το οι τα του της των τον την τους τις και κι ή να με σε από για που πως ότι θα δεν μη μην είναι ήταν ως στο
        στη στην στον στα στις στους ένα ένας μια μία αυτό αυτός αυτή αυτά αν αλλά όπως μας σας τι έχει έχουν
        """,
        "hi": """
        का की के को में से है हैं था थे थी और या पर यह वह ये वे कि जो ने हो ही भी तो एक इस उस इन उन नहीं तक कर द्वारा
        लिए साथ अपने अपनी अपना गया गई रहा रही रहे होता होती होते
        """,
        "hu": """
        a az és egy hogy nem is ez azt ezt meg el de csak már ki volt vagy ha van be mint mert még fel le ami aki amely
        ezek azok ő ők én te mi ti sem azonban lesz lett voltak vannak illetve majd
        """,
        "id": """
        yang dan di ke dari untuk dengan pada adalah ini itu tidak akan atau juga oleh dalam sebagai bahwa telah karena
        ada mereka dia ia kami kita saya anda para sudah dapat bisa lebih namun serta tersebut seperti
        """,
        "ga": """
        an na agus ar is i le do de go sa a ag as bhí tá níl ní ach nó mar sé sí siad mé tú sibh muid seo sin siúd ó faoi
        chun gan idir gur nach a bheith bhfuil leis den don ón
        """,
        "it": """
        il lo la i gli le un uno una di a da in con su per tra fra del dello della dei degli delle al allo alla ai agli
        alle dal dalla dai dalle nel nello nella nei nelle sul sulla sui sulle e ed o ma che chi cui non è sono era
        erano ha hanno si se come anche più suo sua suoi sue questo questa questi queste essere stato lui lei
        """,
        "lt": """
        ir kad yra į iš su o bet ne tai kaip ar buvo jo jos jų jis ji jie už per dėl apie nuo prie po iki tik pat šis ši
        šie tas ta arba taip pagal kuris kuri kurie nėra jau dar
        """,
        "ne": """
        को का की मा ले र छ छन् थियो थिए यो त्यो यी ती पनि भने हो हुन् गर्न गरेको लागि बाट सँग एक भएको वा तर नै यस त्यस
        उनी उनले हामी तपाईं म
        """,
        "no": """
        og i det er en et som på til av for med at de han den ikke var har om ble hun fra men seg å eller også ved kan
        skal vil være vært etter dette denne disse jeg du vi dem hans hennes deres blir hadde så
        """,
        "pt": """
        o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela pelos pelas para com sem e ou mas que
        se não é são foi era ser ao à aos às como mais seu sua seus suas este esta estes estas esse essa isso isto ele
        ela eles elas lhe também entre sobre até há tem
        """,
        "ro": """
        și şi de la în în a al ai ale cu pe din pentru că ca un o unei unui este sunt era au fost se nu mai sau dar care
        ce să le lor lui ei el ea prin după între ale acest această aceste acestea cel cea cei fi către
        """,
        "ru": """
        и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по ее её мне было от меня о из ему
        для мы их чем была сам чтоб без или быть был него до при об это этот эта эти того тем также были который
        которая которые
        """,
        "sr": """
        и у је да се на за су од са као не то што који која које али или по из до о би био била бити није а ће он она
        i u je da se na za su od sa kao ne to što koji koja koje ali ili po iz do o bi bio bila biti nije a će on ona
        """,
        "es": """
        el la los las un una unos unas de del a al en y e o u pero que se no es son era fue ser por para con sin sobre
        entre su sus lo le les como más este esta estos estas ese esa eso esto él ella ellos ellas ha han había también
        si ya hasta desde cuando donde muy me mi
        """,
        "sv": """
        och i att det som en på är av för med den till har de inte om ett han men var jag från hon vi så kan när år eller
        också under efter vid än sig sin sitt sina ska skulle hade blev blir där denna detta dessa dem deras hans hennes
        """,
        "ta": """
        ஒரு என்று மற்றும் இந்த அந்த அது இது என என்ற உள்ள இருந்து கொண்டு ஆகும் அல்லது ஆனால் என்பது அவர் அவர்கள் நான் நாம்
        நீ மேலும் வரை பின்னர் போது இல்லை வேண்டும்
        """,
        "tr": """
        ve bir bu da de için ile o olarak olan gibi çok daha ne ya veya ki mi mı mu mü ama en her kadar sonra şu ise değil
        var olduğu tarafından ancak hem diye biz ben sen siz onlar
        """,
        "yi": """
        און אין איז די דער דאס דאָס דעם אַ אַן א פון פֿון צו מיט אויף נישט ניט האט האָט זײַן זיין זענען ער זי עס איך דו מיר
        זיך אז אַז וואס וואָס ווי אויך אָבער אבער פאר פֿאַר ביי בײַ נאָך
        """,
    ]

    /// Words that ask or help to ask: they say nothing of what a passage should have, but tell passages apart by style. They
    /// are indexed, and left out of queries.
    static let asking: [String: String] = [
        "en": """
        about am any been being can could did do does doing done from had has have having he her him his how i its may me
        might must my our shall she should so some than them those too us very we were what when where which who whom
        whose why would you your
        """,
        "da": "hvad hvem hvor hvordan hvorfor hvornår hvilken hvilket hvilke kunne skulle ville",
        "de": """
        was wer wen wem wessen wo wohin woher wann warum wieso weshalb welche welcher welches welchen welchem kann können
        konnte muss müssen soll sollen darf dürfen mich mir mein meine
        """,
        "es": """
        qué quién quiénes cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas por qué puede pueden debe deben hay
        está están yo tú
        """,
        "fr": """
        quel quelle quels quelles quand comment pourquoi combien quoi lequel laquelle peut peuvent doit doivent fait
        font moi mon ma mes
        """,
        "it": """
        cosa quale quali quando dove come perché quanto quanta quanti quante può possono deve devono mi mio mia
        """,
        "nl": "wie wat waar wanneer waarom hoe welke welk waarmee kan kunnen moet moeten mag mogen",
        "no": "hva hvem hvor hvordan hvorfor når hvilken hvilket hvilke kunne skulle ville",
        "pt": """
        quem qual quais quando onde como porquê quanto quanta quantos quantas pode podem deve devem está estão eu meu minha
        """,
        "ru": "кто что где когда почему зачем какой какая какое какие каких сколько чей куда откуда может можно ли",
        "sv": "vad vem var när hur varför vilken vilket vilka kunde skulle ville",
    ]

    /// Words of languages without a stemmer, by which they are told from others. They are not left out.
    static let foreign: [String: String] = [
        "bg": "и на да се от за че по са е като или към но не при до във със той тя това този тази",
        "cs": "a se na je že s z do o i to jako za by pro ve podle po jeho jsou které která který také nebo byl bylo",
        "et": "ja on ei et see ka oli kui ta mis oma aga või ning kes seda selle nende olid võib nagu",
        "fa": "و در به از که این را با است برای آن یک می خود تا بر هم نیز شد بود کرد های",
        "he": "של את על לא הוא היא זה זו כי עם גם או אל אבל היה הם כל אשר בין אך אם",
        "lv": "un ir ar no uz par kas to bet ka kā vai arī tika pēc bija viņš viņa ne lai šī šis",
        "pl": "i w na z do nie się to że jest o jak po co za ale od dla przez oraz są jego który która które przy",
        "sk": "a sa na je že s z do o i to ako za by pre vo podľa po jeho sú ktoré ktorá ktorý tiež alebo bol bolo",
        "sl": "in je na se da v za so ki z s pa ne tudi po od kot bi pri ali lahko ter njegov bil bila",
        "uk": "і в у на з що та не до за як від це для про або його був була були також який яка які але",
        "vi": "và của là có được trong cho không một các những với này đã người khi từ để cũng đến như về tại",
    ]
}
