using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Reads the <c>pre_tokenizer</c> of a tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    public static IPreTokenizer Read(JsonSection section)
    {
        if (section.IsNull)
        {
            return new SequencePreTokenizer([]);
        }

        return section["type"].AsString() switch
        {
            "Sequence" => new SequencePreTokenizer([.. section["pretokenizers"].Items().Select(Read)]),
            "ByteLevel" => new ByteLevelPreTokenizer(
                section["add_prefix_space"].AsBoolean(), section.Find("use_regex").AsBoolean(orDefault: true)),
            "Split" => ReadSplit(section),
            "Metaspace" => ReadMetaspace(section),
            "Digits" => new DigitsPreTokenizer(section["individual_digits"].AsBoolean()),
            var other => throw NormalizerReader.Unsupported(section["type"], "pre-tokenizer", other),
        };
    }

    /// <summary>Metaspace's character, and whether it is put in front of the first piece, or of every one.</summary>
    public static (char Replacement, bool First, bool Always) ReadMetaspaceScheme(JsonSection section)
    {
        var replacement = section["replacement"].AsString();
        if (replacement.Length != 1 || char.IsSurrogate(replacement[0]))
        {
            throw section["replacement"].Error($"should be one character, and is '{replacement}'.");
        }

        // Files older than tokenizers 0.19 say add_prefix_space.
        var old = section.Find("add_prefix_space").AsBoolean(orDefault: true) ? "always" : "never";
        var scheme = section.Find("prepend_scheme").AsStringOrNull() ?? old;
        return scheme is "first" or "always" or "never"
            ? (replacement[0], scheme == "first", scheme == "always")
            : throw section["prepend_scheme"].Error($"should be first, always or never, and is '{scheme}'.");
    }

    private static SplitPreTokenizer ReadSplit(JsonSection section)
    {
        var (literal, pattern) = NormalizerReader.ReadPattern(section["pattern"]);
        var name = section["behavior"].AsString();
        return Enum.TryParse<SplitBehavior>(name, out var behavior) && Enum.IsDefined(behavior)
            ? new SplitPreTokenizer(literal, pattern, section["invert"].AsBoolean(), behavior)
            : throw section["behavior"].Error(
                $"should be one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}, and is '{name}'.");
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonSection section)
    {
        var (replacement, first, always) = ReadMetaspaceScheme(section);
        return new MetaspacePreTokenizer(replacement, first, always, section.Find("split").AsBoolean(orDefault: true));
    }
}
