using System.Text;
using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Reads the <c>normalizer</c> of a tokenizer.json.</summary>
internal static class NormalizerReader
{
    public static INormalizer Read(JsonSection section)
    {
        if (section.IsNull)
        {
            return new SequenceNormalizer([]);
        }

        return section["type"].AsString() switch
        {
            "Sequence" => new SequenceNormalizer([.. section["normalizers"].Items().Select(Read)]),
            "NFC" => new UnicodeFormNormalizer(NormalizationForm.FormC),
            "NFD" => new UnicodeFormNormalizer(NormalizationForm.FormD),
            "NFKC" => new UnicodeFormNormalizer(NormalizationForm.FormKC),
            "NFKD" => new UnicodeFormNormalizer(NormalizationForm.FormKD),
            "Lowercase" => new LowercaseNormalizer(),
            "Prepend" => new PrependNormalizer(section["prepend"].AsString()),
            "Strip" => new StripNormalizer(section["strip_left"].AsBoolean(), section["strip_right"].AsBoolean()),
            "Replace" => ReadReplace(section),
            var other => throw Unsupported(section["type"], "normalizer", other),
        };
    }

    public static Errors.InputException Unsupported(JsonSection section, string kind, string type) => section.Error(
        $"is the {kind} '{type}', which is not supported.",
        "Supported are the tokenizers of CLIP, GPT-2 and Llama; docs/tokenizers.md lists every step.");

    private static ReplaceNormalizer ReadReplace(JsonSection section)
    {
        var (literal, pattern) = ReadPattern(section["pattern"]);
        return new ReplaceNormalizer(literal, pattern, section["content"].AsString());
    }

    /// <summary>Reads <c>{"String": ...}</c> or <c>{"Regex": ...}</c>.</summary>
    public static (string? Literal, TokenizerRegex? Pattern) ReadPattern(JsonSection section)
    {
        var literal = section.Find("String");
        if (!literal.IsNull)
        {
            return (literal.AsString(), null);
        }

        var regex = section["Regex"];
        return (null, new TokenizerRegex(regex.AsString(), regex.Where));
    }
}
