using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// British words that the Java PTBTokenizer writes the American way before captions are compared, by families. Lower-case words
/// only, as there: <c>a grey cat</c> becomes gray, <c>Grey</c> stays.
/// </summary>
internal static partial class AmericanSpelling
{
    // Words that follow no family.
    private static readonly FrozenDictionary<string, string> Single = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["grey"] = "gray", ["kerb"] = "curb", ["leant"] = "leaned", ["learnt"] = "learned", ["meagre"] = "meager", ["glamour"] = "glamour",
        ["centre"] = "center", ["defence"] = "defense", ["practise"] = "practice", ["practised"] = "practiced",
        ["manoeuvre"] = "maneuver", ["manoeuvres"] = "maneuvers", ["oestrogen"] = "estrogen", ["oestrogens"] = "estrogens",
        ["encyclopaedia"] = "encyclopedia", ["anaesthetic"] = "anesthetic", ["chimaeric"] = "chimeric",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Of(string word)
    {
        if (word.Length < 4 || !char.IsAsciiLetterLower(word[0]))
        {
            return word;
        }

        if (Single.TryGetValue(word, out var american))
        {
            return american;
        }

        return Re().Replace(Logue().Replace(DoubleL().Replace(Ise().Replace(Inflected().Replace(Long(word), "or"), "z"), "l"), "log"), "er");
    }

    // The reference changes these in words of six letters and more, whatever stands before.
    private static string Long(string word) => word.Length < 6 ? word
        : Haemo().IsMatch(word) ? Haemo().Replace(word, "hem${at}o")
        : Aemia().IsMatch(word) ? Aemia().Replace(word, "em")
        : Programme().IsMatch(word) ? Programme().Replace(word, "program")
        : KeepsOur().IsMatch(word) ? word
        : Our().Replace(word, "or");

    [GeneratedRegex("haem(?<at>at)?o")]
    private static partial Regex Haemo();

    [GeneratedRegex("aem(?=ia$)|(?<=leuk)aem")]
    private static partial Regex Aemia();

    [GeneratedRegex("programme(?=s?$)")]
    private static partial Regex Programme();

    [GeneratedRegex("(?<=^[a-z]{3,})our(?=s?$)")]
    private static partial Regex Our();

    // Words in -our that are no British spelling: contour, detour, devour, velour and their like, and compounds of pour and flour.
    [GeneratedRegex("contour|detour|devour|velour|glamour|paramour|troubadour|tambour|pompadour|carrefour|bonjour|(?:down|out|in|re)pour|(?:corn|rye|be)flour")]
    private static partial Regex KeepsOur();

    [GeneratedRegex("(?<=^(?:arm|col|discol|endeav|fav|flav|hon|hum|lab|rum|sav))our(?=(?:ed|ing|ite|ites|able|ful)$)|(?<=^neighb)our(?=hoods?$)")]
    private static partial Regex Inflected();

    [GeneratedRegex("(?<=^(?:capitali|finali|locali|maximi|minimi|moderni|penali|populari|pressuri|reali|recogni|analy))s(?=(?:e|ed|ing)$)|(?<=^(?:populari|pressuri|reali|recogni))s(?=es$)|(?<=^(?:capitali|organi))s(?=ations?$)")]
    private static partial Regex Ise();

    [GeneratedRegex("(?<=^(?:cance|labe|trave))ll(?=(?:ed|ing)$)")]
    private static partial Regex DoubleL();

    [GeneratedRegex("(?<=^(?:ana|homo))logue(?=s?$)")]
    private static partial Regex Logue();

    [GeneratedRegex("(?<=^(?:fib|theat|tit))re(?=s?$)")]
    private static partial Regex Re();
}
