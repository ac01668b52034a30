using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// The British words that the Java PTBTokenizer writes the American way before captions are compared. Lower-case words only, as
/// there: <c>a grey cat</c> becomes gray, <c>Grey</c> stays.
/// </summary>
internal static partial class AmericanSpelling
{
    // Words of which a few forms change while others do not: the reference knows forms, not stems.
    private static readonly FrozenDictionary<string, string> Words = Pairs(
        """
        grey gray, centre center, theatre theater, theatres theaters, fibre fiber, fibres fibers, titre titer, titres titers,
        meagre meager, kerb curb, leant leaned, learnt learned, defence defense, analogue analog, analogues analogs,
        homologue homolog, homologues homologs, analyse analyze, analysed analyzed, analysing analyzing,
        cancelled canceled, cancelling canceling, labelled labeled, labelling labeling, travelled traveled, travelling traveling,
        armoured armored, coloured colored, colouring coloring, colourful colorful, discoloured discolored, discolouring discoloring,
        endeavoured endeavored, endeavouring endeavoring, favoured favored, favouring favoring, favourite favorite,
        favourites favorites, flavoured flavored, flavouring flavoring, honoured honored, honouring honoring,
        honourable honorable, humoured humored, humouring humoring, laboured labored, labouring laboring, Labour Labor,
        neighbourhood neighborhood, neighbourhoods neighborhoods, rumoured rumored, rumouring rumoring, savoured savored,
        savouring savoring, manoeuvre maneuver, manoeuvres maneuvers, anaesthetic anesthetic, chimaeric chimeric,
        encyclopaedia encyclopedia, oestrogen estrogen, oestrogens estrogens, practise practice, practised practiced,
        capitalise capitalize, capitalised capitalized, capitalisation capitalization, finalise finalize, finalised finalized,
        finalising finalizing, localise localize, localised localized, maximise maximize, maximised maximized, maximising maximizing,
        minimise minimize, minimised minimized, minimising minimizing, modernise modernize, modernised modernized,
        modernising modernizing, organisation organization, organisations organizations, penalise penalize, penalised penalized,
        popularise popularize, popularised popularized, popularises popularizes, popularising popularizing,
        pressurise pressurize, pressurised pressurized, pressurises pressurizes, pressurising pressurizing,
        realise realize, realised realized, realises realizes, realising realizing,
        recognise recognize, recognised recognized, recognises recognizes, recognising recognizing, glamour glamour, Defence Defense
        """);

    public static string Of(string word)
    {
        if (word.Length < 4)
        {
            return word;
        }

        if (Words.TryGetValue(word, out var american))
        {
            return american;
        }

        if (word.Length < 6)
        {
            return word;
        }

        // The first pattern found in the word is the only one applied.
        return Haemo().IsMatch(word) ? Haemo().Replace(word, "hem${at}o")
            : word.EndsWith("aemia", StringComparison.Ordinal) ? word[..^5] + "emia"
            : word.Contains("leukaem", StringComparison.Ordinal) ? word.Replace("leukaem", "leukem", StringComparison.Ordinal)
            : word.Contains("Leukaem", StringComparison.Ordinal) ? word.Replace("Leukaem", "Leukem", StringComparison.Ordinal)
            : Programme().IsMatch(word) ? Programme().Replace(word, "program${s}")
            : Our().IsMatch(word) && !KeepsOur().IsMatch(word) ? Our().Replace(word, "${stem}or${s}")
            : word;
    }

    private static FrozenDictionary<string, string> Pairs(string list) => list
        .Split(',', StringSplitOptions.TrimEntries)
        .Select(pair => pair.Split(' '))
        .ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    [GeneratedRegex("haem(?<at>at)?o")]
    private static partial Regex Haemo();

    [GeneratedRegex("programme(?<s>s?)$")]
    private static partial Regex Programme();

    [GeneratedRegex("^(?<stem>[a-z]{3,})our(?<s>s?)$")]
    private static partial Regex Our();

    [GeneratedRegex("abatjour|beflour|bonjour|calambour|carrefour|cornflour|contour|detour|devour|dortour|dyvour|downpour|giaour|glamour|holour|inpour|outpour|pandour|paramour|pompadour|repour|ryeflour|sompnour|tambour|troubadour|tregetour|velour")]
    private static partial Regex KeepsOur();
}
