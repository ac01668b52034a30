using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Reads the <c>decoder</c> of a tokenizer.json.</summary>
internal static class DecoderReader
{
    public static IDecoder Read(JsonSection section)
    {
        if (section.IsNull)
        {
            return new SpacedDecoder();
        }

        return section["type"].AsString() switch
        {
            "Sequence" => new SequenceDecoder([.. section["decoders"].Items().Select(Read)]),
            "ByteLevel" => new ByteLevelDecoder(),
            "ByteFallback" => new ByteFallbackDecoder(),
            "Fuse" => new FuseDecoder(),
            "Replace" => ReadReplace(section),
            "Strip" => ReadStrip(section),
            "Metaspace" => ReadMetaspace(section),
            var other => throw NormalizerReader.Unsupported(section["type"], "decoder", other),
        };
    }

    private static ReplaceDecoder ReadReplace(JsonSection section)
    {
        var (literal, pattern) = NormalizerReader.ReadPattern(section["pattern"]);
        return new ReplaceDecoder(new ReplaceNormalizer(literal, pattern, section["content"].AsString()));
    }

    private static StripDecoder ReadStrip(JsonSection section)
    {
        var content = section["content"].AsString();
        return content.Length == 1
            ? new StripDecoder(content[0], section["start"].AsCount(), section["stop"].AsCount())
            : throw section["content"].Error($"should be one character, and is '{content}'.");
    }

    private static MetaspaceDecoder ReadMetaspace(JsonSection section)
    {
        var (replacement, first, always) = PreTokenizerReader.ReadMetaspaceScheme(section);
        return new MetaspaceDecoder(replacement, first || always);
    }
}
