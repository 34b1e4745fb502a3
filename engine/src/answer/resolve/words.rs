//! What the resolver knows of words: which of them only bind others, which say too little to be what a conversation is
//! about, and which point back. Lower case; Chinese in simplified characters, as a dictionary cuts it.

use std::collections::HashSet;
use std::sync::LazyLock;

/// What a word can be to the resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Binds other words, asks, or points: no part of a phrase.
    Function,
    /// Says what is done, and ends a phrase: `spread`, `received`.
    Verb,
    /// Says something, but not what it is about: `types`, `best`. Inside of a phrase it stays.
    Weak,
    /// A verb's form that can stand before a noun as well: it begins a phrase, or ends one.
    Participle,
    /// What a question can be about.
    Strong,
}

pub fn class(word: &str) -> Class {
    static FUNCTION: LazyLock<HashSet<&str>> =
        LazyLock::new(|| [FUNCTION_EN, FUNCTION_ZH].iter().flat_map(|list| list.split_whitespace()).collect());
    static WEAK: LazyLock<HashSet<&str>> =
        LazyLock::new(|| [WEAK_EN, WEAK_ZH].iter().flat_map(|list| list.split_whitespace()).collect());
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    match () {
        _ if FUNCTION.contains(word) || FUNCTION.contains(bare) => Class::Function,
        _ if is_verb(bare) => Class::Verb,
        _ if WEAK.contains(bare) => Class::Weak,
        // Of the Latin script, single letters are options of a list and no subject.
        _ if bare.len() == 1 => Class::Weak,
        _ => Class::Strong,
    }
}

/// Whether a word is one of the verbs, in any of its regular forms.
fn is_verb(word: &str) -> bool {
    static VERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| VERBS_EN.split_whitespace().collect());
    if VERBS.contains(word) {
        return true;
    }
    let known = |stem: &str| VERBS.contains(stem) || VERBS.contains(format!("{stem}e").as_str());
    let doubled = |stem: &str| {
        let mut chars = stem.chars().rev();
        stem.len() > 3 && chars.next() == chars.next() && VERBS.contains(&stem[..stem.len() - 1])
    };
    ["ing", "ed", "es", "s", "d"].iter().filter_map(|ending| word.strip_suffix(ending)).any(|stem| {
        stem.is_ascii()
            && (known(stem)
                || doubled(stem)
                || stem.strip_suffix('i').is_some_and(|stem| VERBS.contains(format!("{stem}y").as_str())))
    })
}

const VERBS_EN: &str = "
accept achieve act add adopt afford agree allow appear arrive ask avoid become became begin began begun behave believe
belong bring brought build built buy bought call carry catch caught cause celebrate choose chose chosen collect come came
compare complain confirm consider consist contain continue contribute convert create decide deal declare define deliver
depend derive describe deserve destroy determine develop die differ disappear discover discuss dissolve drink drank drive
drove earn employ eat ate eaten emerge enable encourage endanger enjoy enter evolve exist expect explain explore express fall
fell feel felt fight fought find found fit fly flew flown follow forget forgot gain generate get got gotten give gave
given go goes went gone grow grew grown happen hate hear heard help hire hold held hurt identify imagine improve include
indicate inform inspire intend introduce invent involve join keep kept kill know knew known lack lay lead led learn lend
let lie like live look lose lost love make made mean meant mention migrate move need notice obtain occur offer originate
pay paid perform pick predict prefer prepare prevent proceed produce promise protect prove provide publish pull push put
qualify raise reach read realize receive recommend recover reduce refer regulate relate remain remember remove repair
replace represent require resolve respond reveal rise rose risen run ran say said see saw seen seek sought seem sell sold
send sent serve set share show shown sing sang sung sit sat sleep slept solve speak spoke spoken spend spent spread stand
stood start stay steal stole stolen stop suffer suggest survive swim swam take took taken talk teach taught tell told think
thought throw threw thrown treat try turn understand understood use vary wait walk weigh transport celebrate smoke sound want wear wore worn win won wish wonder
work write wrote written
";

const FUNCTION_EN: &str = "
a an the and or but nor so yet if then than that this these those there here it its it's itself he him his she her hers
they them their theirs themselves we us our ours you your yours i i'm i've i'd i'll me my mine one ones who whom whose
which what what's that's where where's when when's why how how's is are was were be been being am isn't aren't wasn't
weren't do does did done doing don't doesn't didn't have has had having haven't hasn't hadn't can can't cannot could
couldn't should shouldn't would wouldn't will won't shall may might must ought of in on at by for from to into onto upon
with without within about against between among through during before after above below under over out off up down as
because while until since although though whether both either neither each every any some all no not only just also too
very really actually still even ever never again already else instead besides etc via per like let let's please thanks
thank yes yeah ok okay oh wow hi hello well btw sorry sure right now today anyway maybe perhaps however therefore
";

const WEAK_EN: &str = "
about according advantage advantages affect affects aim allow allowed also amount another answer apply applies area areas
ask available average bad based basic become becomes began begin begins beginning behind believe benefit benefits best
better big biggest bit bring brought build built buy call called came case cases cause caused causes certain chance change
changed changes characteristic characteristics cheap cheaper choose clarify close come comes common compare compared
comparison completely concern consequences consider considered contain contains contrast cool cost costs could country
create created current currently day days deal deep define defined definition depend depends describe description detail
details develop developed developing difference differences different differ differently difficult disadvantages discuss
distinct earn easiest easily easy effect effects eat end ended especially ever everything exactly example examples exist
exists expect expensive explain explanation fact factor factors famous far fast faster fastest feature features feel find
first focus follow form forms found function functions further future game gave general generally get gets getting give
given go goes going good got great greatest group grow guess happen happened happening happens hard heard help helps high
higher highest history idea impact impacts important importance improve include included includes influence information
interested interesting involved involves issue issues item items keep kind kinds know known knows large larger largest last
late later latest latter former lead learn least led left less level life likely limit limits list little live lives
long longer longest look looking lot lots low lower main mainly major make makes making manage many matter mean meaning
means meant measure mention mentioned method methods might model money month months more most much name named names nature
necessary need needed needs new next nice normal number numbers occur occurs often okay old oldest option options order
origin original origins other others overall own part particular parts pay people percent percentage person perform
performed pick place places plan play plays please point points popular possible pretty prevent previous prices price
problem problems process produce produced pros cons proper properties provide provided provides purpose put question
questions quick quickly quite range rate read reason reasons receive recent recently recommend recommended reduce related
relation relationship relative remain require required requirements requires result results role rule rules run said same
saw say says second see seem seems sense serious set several short show side significance significant signs sign similar
similarities simple size small smaller smallest solution solve somebody someone something sort sounds source sources speak
special specific stage stages start started starts state states status stay step steps stop stuff style success successful
such suggest summarize summary suppose supposed take taken takes talk talked talking tell tend term terms think third thing
things thought time times tip tips together told took top total tried true try turn two three four five type types
typical typically understand unique unusual use used useful uses using usual usually value values various version versions
view want wants wanted way ways week weeks went wide wish wonder wondering word words work worked working works world worse
worst worth would write year years difference effective effectively dangerous deadly safe treatable possible impossible
correct incorrect wrong able unable advice suggestion suggestions compares influences influenced support supports
";

const FUNCTION_ZH: &str = "
的 了 着 过 地 得 吗 嘛 呢 吧 啊 呀 哦 么 是 不是 是不是 在 和 与 跟 同 及 以及 或 或者 还是 而 而且 但 但是 不过 然后 那么 那 这
它 它们 他 他们 她 她们 我 我们 你 你们 您 咱们 自己 其 其中 该 此 这个 那个 这些 那些 这种 那种 这样 那样 这里 那里 这儿 那儿
什么 甚么 谁 哪 哪些 哪个 哪种 哪里 哪儿 哪位 怎么 怎样 怎么样 如何 为什么 为何 多少 多久 多长 多大 多高 多远 几 几个 几天 何时 何
何种 是否 能 能否 能不能 可以 可不可以 可否 会 会不会 要 要不要 应 应该 应当 必须 需 需要 想 请 请问 就 才 都 也 还 还有 又 再 很 太
更 最 比 比较 被 把 将 对 对于 关于 至于 从 自 到 由 于 向 往 给 为 为了 因 因为 所以 如果 若 假如 的话 之 之前 之后 以前 以后 以
有 没有 没 无 不 别 非 一 一个 一些 一下 一种 个 种 些 只 条 上述 前者 后者 另外 另 其他 其它 其余 好 好的 嗯 对吗 谢谢 除了 除此之外
有没有 如 例如 比如 等 等等 时 时候 里 中 上 下 内 外 间 并 并且 且 即 即使 虽然 只有 只要 只 仅 已 已经 曾 正在 而言 来说
";

const WEAK_ZH: &str = "
情况 问题 方面 方式 方法 办法 步骤 流程 原因 理由 区别 不同 差别 作用 影响 结果 关系 意思 含义 定义 特点 特征 优点 缺点 好处 坏处
类型 种类 内容 信息 介绍 说明 解释 告诉 知道 了解 认为 觉得 看 说 讲 问 回答 使用 用 用到 做 进行 实现 支持 提供 包括 包含 属于 叫
叫做 称为 发生 出现 存在 开始 结束 成立 位于 主要 重要 一般 通常 具体 详细 目前 现在 今年 去年 最早 最晚 最多 最少 最大 最小 最高
最低 最近 最新 第一 第二 时间 地点 名字 名称 数量 大小 人们 东西 事情 地方 部分 例子 要求 条件 规定 怎么办 处理 操作 适用 一样
相同 同样
";

/// Whether a weak word names a kind of thing, and so belongs to the words before it: "529 plan", "RICE method".
pub fn kind(word: &str) -> bool {
    const KINDS: &str = "
        code function functions group groups item items key level limit list method methods model models number numbers
        option options order plan plans policy price problem process program project range rate requirements role roles rule
        rules setting settings size source sources state status style support system term terms test type types version
        versions value values
        制度 流程 方法 步骤 要求 规定 条件 类型 原因 问题 内容 时间 名称 数量 操作";
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| KINDS.split_whitespace().collect());
    KNOWN.contains(word)
}

/// What stands for somebody or something that was named before.
pub fn points_back(word: &str) -> Option<Pointer> {
    Some(match word {
        "it" | "itself" | "它" | "牠" => Pointer::Thing,
        "its" => Pointer::Of(&Pointer::Thing),
        "he" | "him" | "himself" | "she" | "herself" | "他" | "她" => Pointer::Person,
        "his" | "her" | "hers" => Pointer::Of(&Pointer::Person),
        "they" | "them" | "themselves" | "他们" | "她们" | "它们" => Pointer::Several,
        "their" | "theirs" => Pointer::Of(&Pointer::Several),
        "this" | "that" | "这" | "那" | "此" => Pointer::This,
        "these" | "those" => Pointer::These,
        "该" | "其" | "这个" | "那个" | "这种" | "那种" | "这些" | "那些" | "上述" | "前者" | "后者" | "其中" => {
            Pointer::Which
        }
        _ => return None,
    })
}

/// Kinds of pointing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    Thing,
    Person,
    Several,
    /// `this`, `that`: alone, before a noun, or no pointer at all.
    This,
    These,
    /// What belongs to it.
    Of(&'static Pointer),
    /// Points to what a noun behind it names.
    Which,
}

/// Words with which a question goes on from the one before.
pub fn goes_on(word: &str) -> bool {
    matches!(
        word,
        "another"
            | "other"
            | "others"
            | "else"
            | "same"
            | "similar"
            | "instead"
            | "besides"
            | "latter"
            | "former"
            | "too"
            | "there"
            | "one"
            | "ones"
            | "again"
            | "more"
            | "next"
            | "then"
            | "first"
            | "second"
            | "both"
            | "any"
            | "其他"
            | "其它"
            | "另外"
            | "还有"
            | "同样"
            | "一样"
            | "那里"
            | "这里"
            | "那儿"
            | "这儿"
    )
}
