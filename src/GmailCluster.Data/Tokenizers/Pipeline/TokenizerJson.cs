using GmailCluster.Data.Json;
using GmailCluster.Data.Tokenizers.Bpe;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>
/// Reads a tokenizer.json. Its truncation and padding are not applied: transformers sets both anew at every call, and so does
/// <see cref="ITokenizer.EncodePadded"/>.
/// </summary>
internal static class TokenizerJson
{
    public static PipelineTokenizer Load(string path, FolderSettings settings)
    {
        using var file = JsonFile.Open(path);
        var root = file.Root;
        var model = ReadModel(root["model"]);
        var added = ReadAddedTokens(root.Find("added_tokens"), model.Vocabulary);
        var decoder = DecoderReader.Read(root.Find("decoder"));
        if (decoder is ByteLevelDecoder && model.Options.EndOfWordSuffix.Length > 0)
        {
            decoder = new SequenceDecoder([decoder, new WordEndDecoder(model.Options.EndOfWordSuffix)]);
        }

        var ids = added.ToLookup(t => t.Content, t => t.Id, StringComparer.Ordinal);
        var parts = new PipelineParts(
            NormalizerReader.Read(root.Find("normalizer")),
            PreTokenizerReader.Read(root.Find("pre_tokenizer")),
            model,
            added,
            TemplateReader.Read(root.Find("post_processor")),
            decoder);
        CheckTemplate(parts, root.Find("post_processor"));
        var special = settings.Resolve(token => ids.Contains(token) ? ids[token].First() : model.Vocabulary.IdOf(token), path);
        return new PipelineTokenizer(parts, special, settings.MaximumLength, path);
    }

    private static void CheckTemplate(PipelineParts parts, JsonSection section)
    {
        foreach (var id in parts.Template.Before.Concat(parts.Template.After))
        {
            if (parts.Model.Vocabulary.TokenOf(id) is null && parts.AddedTokens.All(token => token.Id != id))
            {
                throw section.Error($"adds a token of the id {id}, which the vocabulary does not hold.");
            }
        }
    }

    private static BpeModel ReadModel(JsonSection section)
    {
        var type = section.Find("type").AsStringOrNull() ?? "BPE"; // older files do not say
        if (type != "BPE")
        {
            throw NormalizerReader.Unsupported(section["type"], "model", type);
        }

        var dropout = section.Find("dropout");
        if (!dropout.IsNull && dropout.AsNumber() != 0)
        {
            throw dropout.Error("is a random dropping of merges, with which ids would differ from call to call.", "Export the tokenizer without dropout.");
        }

        var options = new BpeOptions
        {
            UnkToken = section.Find("unk_token").AsStringOrNull(),
            ContinuingSubwordPrefix = section.Find("continuing_subword_prefix").AsStringOrNull() ?? "",
            EndOfWordSuffix = section.Find("end_of_word_suffix").AsStringOrNull() ?? "",
            FuseUnk = section.Find("fuse_unk").AsBoolean(orDefault: false),
            ByteFallback = section.Find("byte_fallback").AsBoolean(orDefault: false),
            IgnoreMerges = section.Find("ignore_merges").AsBoolean(orDefault: false),
        };
        var merges = section["merges"];
        var file = section.File;
        return new BpeModel(
            Vocabulary.Read(section["vocab"]), [.. merges.Items().Select(ReadMerge)], options,
            rank => $"{file}: model.merges[{rank}]", section.Where);
    }

    // ["a", "b"], or "a b" in files older than tokenizers 0.20.
    private static MergeRule ReadMerge(JsonSection section)
    {
        if (section.Kind is System.Text.Json.JsonValueKind.String)
        {
            return section.AsString().Split(' ') is [var left, var right]
                ? new MergeRule(left, right)
                : throw section.Error($"should be two tokens with one space between, and is {section.Seen()}.");
        }

        var pair = section.Items().Select(item => item.AsString()).Take(3).ToArray();
        return pair.Length == 2 ? new MergeRule(pair[0], pair[1]) : throw section.Error($"should be a pair of tokens, and is {section.Seen()}.");
    }

    private static List<AddedToken> ReadAddedTokens(JsonSection section, Vocabulary vocabulary)
    {
        var tokens = new List<AddedToken>();
        if (section.IsNull)
        {
            return tokens;
        }

        foreach (var item in section.Items())
        {
            var token = AddedTokenReader.Read(item["id"].AsCount(), item);
            if ((vocabulary.IdOf(token.Content) ?? token.Id) != token.Id
                || (vocabulary.TokenOf(token.Id) ?? token.Content) != token.Content)
            {
                throw item.Error($"gives '{token.Content}' the id {token.Id}, and the vocabulary does not agree.");
            }

            tokens.Add(token);
        }

        return tokens;
    }
}
