using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// Penn Treebank tokens of English text: at each position the longest rule wins, at equal length the first. A rule may look at
/// what follows its token (group <c>t</c> is the token); what it saw counts for its length, as in a generated lexer.
/// </summary>
internal static class PtbLexer
{
    private const string Space = @"[ \t\u00A0\u2000-\u200A\u3000]";
    private const string SpaceOrBreak = @"[ \t\u00A0\u2000-\u200A\u3000\r\n\u2028\u2029\u000B\u000C\u0085]";
    private const string Letter = @"(?:[\p{L}\u00AD\u0300-\u036F]|&[aeiouAEIOU](?i:acute|grave|uml);)";
    private const string Word = @"(?:" + Letter + @"(?:" + Letter + @"|\p{Nd})*(?:[.!?]" + Letter + @"(?:" + Letter + @"|\p{Nd})*)*)";
    private const string Number = @"(?:\p{Nd}+(?:[.:,\u00AD\u066B\u066C]\p{Nd}+)*|(?:[.,\u066B\u066C]\p{Nd}+)+)";
    private const string Apostrophe = @"(?:['\u0092\u2019\u00B4]|&apos;)";
    private const string InnerApostrophe = @"(?:['`\u0092\u2019\u00B4\u0091\u2018\u201B]|&apos;)";
    private const string Auxiliary = Apostrophe + @"(?:[msdMSD]|(?i:re|ve|ll))";
    private const string Comma = @"[,;:\u3001]";
    private const string Elided = @"(?:[dDoOlL]" + InnerApostrophe + @"[\p{L}\p{Nd}])?";
    private const string Thing = Elided + @"(?:[\p{L}\p{Nd}]+|[-+]?" + Number + @")(?:[-_\u058A\u2010\u2011]" + Elided + @"(?:[\p{L}\p{Nd}]+|" + Number + @"))*";
    private const string Hyphenated = @"[\p{L}\p{Nd}][\p{L}\p{Nd}.,\u00AD]*(?:-(?:(?:[A-Za-z](?:\.[A-Za-z])+\.)|[\p{L}\p{Nd}\u00AD]+(?:\.\p{Nd}+)?))+";

    // Upper-case letters in brackets are matched as written, the rest in any case.
    private const string Abbreviations =
        @"(?:(?i:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu|thurs|fri" +
        @"|ala|ariz|calif|colo|conn|ct|dak|fla|ga|ind|kans?|ky|md|mich|minn|mo|mont|neb|nev|okla|penn|tenn|va|vt|wisc?|wyo" +
        @"|inc|cos?|corp|pp?t[ye]s?|ltd|plc|rt|bancorp|bhd|assn|univ|intl|sys|tel|est|ext|sq|jr|bros|(?:ed|ph)\.d|esq|etc|al|seq|bldg" +
        @"|mr|mrs|ms|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|capt|ste?|ave|pres|lieut|hon|brig" +
        @"|co?mdr|pfc|spc|supts?|det|mt|ft|sr|vs|alex|wm|jos|cie|a\.k\.a|cf|treas|ph|invt|elec|natl|m[ft]g|dept|blvd|rd)" +
        @"|A(?i:z|rk)|D(?i:el)|I(?i:ll)|L(?i:a)|M(?i:ass|iss)|O(?i:re)|P(?i:a)|T(?i:ex)|W(?i:ash)" +
        @"|[A-Za-z](?:\.[A-Za-z])*|(?i:(?:canada|sino|korean|eu|japan|non)-u\.s|u\.s\.-(?:u\.k|u\.s\.s\.r)))";

    // Words the fast path may not take whole.
    private static readonly FrozenSet<string> Split = FrozenSet.ToFrozenSet(
        ["cannot", "dunno", "gonna", "gotta", "lemme", "gimme", "wanna", "nno"], StringComparer.OrdinalIgnoreCase);

    private static readonly Rule[] Rules =
    [
        new(@"(?i:cannot|'twas|dunno)", static token => token, PushBack: 3),
        new(@"(?i:" + Apostrophe + @"tis|gonna|gotta|lemme|gimme|wanna|nno)", static token => token, PushBack: 2),
        new(@"<(?:[!?][A-Za-z-][^>\r\n]*|[A-Za-z][A-Za-z0-9_:.-]*(?: +(?:[A-Za-z][A-Za-z0-9_:.-]*(?: *= *(?:'[^'\r\n]*'|""[^""\r\n]*""|[A-Za-z][A-Za-z0-9_:.-]*))?))* */?|/[A-Za-z][A-Za-z0-9_:.-]*) *>", NoBreak),
        new(@"&(?i:MD|mdash|ndash);|[\u0096\u0097\u2013\u2014\u2015]", static _ => "--"),
        new(@"&(?i:amp);", static _ => "&"),
        new(@"&(?i:HT|TL|UR|LR|QC|QL|QR|odq|cdq|\#[0-9]+);", static token => token),
        new(@"(?<t>" + Word + @")" + Auxiliary, static token => AmericanSpelling.Of(Soft(token))),
        new(@"(?<t>[\p{L}\u00AD]*[A-MO-Za-mo-z]\u00AD*)(?i:n)" + InnerApostrophe + @"(?i:t)", Soft),
        new(Word, static token => AmericanSpelling.Of(Soft(token))),
        new(Apostrophe + @"(?i:n)" + Apostrophe + @"?|[lLdDjJ]" + Apostrophe + @"|(?i:dunkin|somethin|ol)" + Apostrophe +
            @"|" + Apostrophe + @"(?:(?i:em|till?|cause)|[2-9]0(?i:s))|(?i:diff)" + InnerApostrophe + @"(?i:rent)" +
            @"|[A-HJ-XZn]" + InnerApostrophe + @"\p{L}{2,}|\p{L}+(?<=[aeiouyAEIOUY])(?<=\p{L}{2})" + InnerApostrophe + @"[aeiouA-Z]\p{L}*" +
            @"|(?i:cont'd\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l|o" + InnerApostrophe + @"o)", Quote),
        new(@"(?<t>(?i:y)" + Apostrophe + @")\p{L}", static token => token),
        new(@"(?i:ftp|svn|svn\+ssh|https?|mailto)://[^ \t\n\f\r""<>|(){}\[\]]+[^ \t\n\f\r""'<>|.!?(){},;:&\[\]-]", Escape),
        new(@"(?:(?i:www)\.(?:[^ \t\n\f\r""<>|.!?(){},]+\.)+[a-zA-Z]{2,4}|(?:[\p{L}\p{Nd}-]+\.)+(?i:com|net|org|edu))(?:/[^ \t\n\f\r""<>|()]+[^ \t\n\f\r""<>|.!?(){},-])?", Escape),
        new(@"(?:&lt;|<)?(?i:mailto:)?[a-zA-Z0-9._%+-]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9](?:&gt;|>)?", static token => token),
        new(@"[@\uFF20][a-zA-Z_][a-zA-Z_0-9]*|[\#\uFF03]" + Letter + @"(?:" + Letter + @"|\p{Nd}|_)*(?:" + Letter + @"|\p{Nd})", static token => token),
        new(@"(?<t>" + Auxiliary + @")[^\p{L}]", Quote),
        new(@"(?<t>(?i:n)" + InnerApostrophe + @"(?i:t))[^\p{L}]", Quote),
        new(@"\p{Nd}{1,2}[-/]\p{Nd}{1,2}[-/]\p{Nd}{2,4}", Escape),
        new(@"[-+]?" + Number, static token => token.Replace("\u00AD", "", StringComparison.Ordinal)),
        new(@"[\u207A\u207B\u208A\u208B]?(?:[\u2070\u00B9\u00B2\u00B3\u2074-\u2079]+|[\u2080-\u2089]+)", static token => token),
        new(@"(?:\p{Nd}{1,4}[- \u00A0])?\p{Nd}{1,4}(?:\\?/|\u2044)\p{Nd}{1,4}", static token => NoBreak(Escape(token))),
        new(@"[\u00BC\u00BD\u00BE\u2153-\u215E]", Fraction),
        new(@"-(?i:RRB|LRB|RCB|LCB|RSB|LSB)-|(?i:C\.D\.s|pro-|anti-)|(?i:cap)" + Apostrophe + @"(?i:n)|(?i:c)" + Apostrophe + @"(?i:est)", static token => token),
        new(@"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\?/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}", Escape),
        new(@"[A-Z]*\$|\#", static token => token),
        new(@"[\u00A2\u00A3\u00A4\u00A5\u0080\u20A0\u20AC\u060B\u0E3F\u20A4\uFFE0\uFFE1\uFFE5\uFFE6]", Currency),
        new(Abbreviations + @"\.", static token => token),
        new(@"(?<t>(?i:ca|figs?|prop|nos?|sect?s?|arts?|paras?|bldg|pp|op|approx|rs)\.)" + Space + @"?\p{Nd}", static token => token),
        new(@"(?<t>[A-Za-z](?:\.[A-Za-z])*)" + SpaceOrBreak, static token => token),
        new(@"(?<t>" + Apostrophe + @"[0-9][0-9])" + SpaceOrBreak, static token => token),
        new(@"(?<t>" + Word + @"\.)" + Comma, Soft),
        new(@"(?:\([0-9]{2,3}\)[ \u00A0]?|(?:\+\+?)?(?:[0-9]{2,4}[- \u00A0])?[0-9]{2,4}[- \u00A0])[0-9]{3,4}[- \u00A0]?[0-9]{3,5}|(?:(?:\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}",
            static token => Bracket(NoBreak(token))),
        new(@"""|&(?i:quot);", static _ => "''"),
        new(@"(?<t>[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]])[^\p{L}\p{Nd}]", Bracket),
        new(@"<<|>>", static token => token),
        new(@"<|&(?i:lt);", static _ => "<"),
        new(@">|&(?i:gt);", static _ => ">"),
        new(@"[(){}\[\]]", Bracket),
        new(@"-+", static token => token.Length is 3 or 4 ? "--" : token),
        new(@"\.\.\.+|[\u0085\u2026]|\.[ \u00A0](?:\.[ \u00A0])+\.", static _ => "..."),
        new(@"@+|\#+|_+", static token => token),
        new(@"\*+|(?:\\\*){1,3}", Escape),
        new(Comma, static token => token),
        new(@"[?!]+", static token => token),
        new(@"[.\u00A1\u00BF\u037E\u0589\u061F\u06D4\u0700-\u0702\u07FA\u3002]", static token => token),
        new(@"=", static token => token),
        new(@"/", static _ => @"\/"),
        new(@"(?<t>(?:" + Hyphenated + @"|" + Thing + @")\.)" + Comma, Soft),
        new(Hyphenated, Soft),
        new(@"[A-Z]+(?:(?:[+&]|&(?i:amp);)[A-Z]+)+", static token => token.Replace("&amp;", "&", StringComparison.OrdinalIgnoreCase)),
        new(Thing, Soft),
        new(@"(?:" + Apostrophe + @")|[`\u2018-\u201F\u0082\u0084\u0091-\u0094\u2039\u203A\u00AB\u00BB]{1,2}|''|``", Quote),
        new(@"[+%&~^|\\\u00A6\u00A7\u00A8\u00A9\u00AC\u00AE\u00AF\u00B0-\u00B3\u00B4-\u00BA\u00D7\u00F7\u2016\u2017\u2020-\u2023\u2030-\u2038\u203B\u203E-\u2042\u2044\u207A-\u207F\u208A-\u208E\u2100-\u214F\u2190-\u2BFF\u3012\u30FB\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65]", static token => token),
    ];

    /// <summary>The token at <paramref name="position"/> and the characters it took; null where there is only space.</summary>
    public static (string? Token, int Length) Next(string text, int position)
    {
        if (text[position] is ' ' or '\n')
        {
            return (null, 1);
        }

        var plain = PlainWordLength(text, position);
        if (plain > 0)
        {
            var word = text.Substring(position, plain);
            if (!Split.Contains(word))
            {
                return (AmericanSpelling.Of(word), plain);
            }
        }

        Rule? best = null;
        var (longest, length) = (0, 0);
        foreach (var rule in Rules)
        {
            var match = rule.Pattern.Match(text, position);
            if (match.Success && match.Length > longest)
            {
                (best, longest) = (rule, match.Length);
                length = match.Groups["t"] is { Success: true } token ? token.Length : match.Length;
            }
        }

        if (best is null)
        {
            return (null, 1); // space, or a character the reference deletes
        }

        length -= best.PushBack;
        return (best.Write(text.Substring(position, length)), length);
    }

    // Most of a caption: ASCII letters with a space behind, or a comma and a space. Nothing but the splitting rules applies.
    private static int PlainWordLength(string text, int position)
    {
        var end = position;
        while (char.IsAsciiLetter(text[end]))
        {
            end++; // the text ends in a line break
        }

        return text[end] is ' ' or '\n' || (text[end] == ',' && text[end + 1] == ' ') ? end - position : 0;
    }

    private static string Soft(string token)
    {
        var clean = token.Replace("\u00AD", "", StringComparison.Ordinal);
        return clean.Length == 0 ? "-" : clean;
    }

    private static string NoBreak(string token) => token.Replace(' ', '\u00A0');

    private static string Escape(string token) => Unescaped.Replace(token, @"\$&");

    private static string Bracket(string token) => token
        .Replace("(", "-LRB-", StringComparison.Ordinal).Replace(")", "-RRB-", StringComparison.Ordinal)
        .Replace("[", "-LSB-", StringComparison.Ordinal).Replace("]", "-RSB-", StringComparison.Ordinal)
        .Replace("{", "-LCB-", StringComparison.Ordinal).Replace("}", "-RCB-", StringComparison.Ordinal);

    private static string Quote(string token) => string.Concat(
        token.Replace("&apos;", "'", StringComparison.OrdinalIgnoreCase).Select(static character => character switch
        {
            '\u0091' or '\u2018' or '\u201B' or '\u2039' => "`",
            '\u0092' or '\u2019' or '\u203A' or '\u00B4' => "'",
            '\u0093' or '\u201C' or '\u00AB' => "``",
            '\u0094' or '\u201D' or '\u00BB' => "''",
            _ => character.ToString(),
        }));

    private static string Fraction(string token) => token switch
    {
        "\u00BC" => @"1\/4",
        "\u00BD" => @"1\/2",
        "\u00BE" => @"3\/4",
        "\u2153" => @"1\/3",
        _ => token,
    };

    private static string Currency(string token) => token switch
    {
        "\u00A2" => "cents",
        "\u00A3" => "#", // the Treebank's pound sign
        "\u00A4" or "\u0080" or "\u20A0" or "\u20AC" => "$",
        _ => token,
    };

    private static readonly Regex Unescaped = new(@"(?<!\\)[/*]", RegexOptions.CultureInvariant);

    private sealed record Rule(string Expression, Func<string, string> Write, int PushBack = 0)
    {
        public Regex Pattern { get; } = new(@"\G(?:" + Expression + ")", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);
    }
}
