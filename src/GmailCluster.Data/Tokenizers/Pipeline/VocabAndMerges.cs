using GmailCluster.Data.Json;
using GmailCluster.Data.Tokenizers.Bpe;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>
/// Tokenizers of folders with vocab.json and merges.txt, CLIP's and GPT-2's: the steps are those transformers builds for the
/// two classes.
/// </summary>
internal static class VocabAndMerges
{
    private const string WordEnd = "</w>";

    private const string ClipPattern =
        @"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

    public static PipelineTokenizer Load(string folder, FolderSettings settings)
    {
        var vocabPath = Path.Combine(folder, "vocab.json");
        using var file = JsonFile.Open(vocabPath);
        var vocabulary = Vocabulary.Read(file.Root);
        var isClip = settings.TokenizerClass switch
        {
            "CLIPTokenizer" => true,
            "GPT2Tokenizer" => false,
            null => vocabulary.Tokens.Any(token => token.EndsWith(WordEnd, StringComparison.Ordinal)),
            var other => throw new InputException(
                Path.Combine(folder, "tokenizer_config.json"), $"names the tokenizer class '{other}', which is not supported.",
                "Supported with vocab.json and merges.txt are CLIPTokenizer and GPT2Tokenizer; export a tokenizer.json."),
        };
        const string end = "<|endoftext|>";
        settings = settings with
        {
            Bos = settings.Bos ?? (isClip ? "<|startoftext|>" : end),
            Eos = settings.Eos ?? end,
            Unk = settings.Unk ?? end,
            Pad = settings.Pad ?? (isClip ? end : null),
        };

        var special = settings.Resolve(token => IdOf(token, settings, vocabulary), vocabPath);
        var merges = MergesFile.Read(Path.Combine(folder, "merges.txt"));
        var options = new BpeOptions { UnkToken = isClip ? settings.Unk : null, EndOfWordSuffix = isClip ? WordEnd : "" };
        var model = new BpeModel(vocabulary, [.. merges.Select(m => m.Rule)], options, rank => merges[rank].Where, vocabPath);
        var parts = isClip ? ClipParts(model, special) : Gpt2Parts(model, settings);
        return new PipelineTokenizer(parts with { AddedTokens = AddedTokens(settings, vocabulary) }, special, settings.MaximumLength, folder);
    }

    private static PipelineParts ClipParts(BpeModel model, SpecialTokenIds special) => new(
        new SequenceNormalizer(
        [
            new UnicodeFormNormalizer(System.Text.NormalizationForm.FormC),
            new ReplaceNormalizer(null, new TokenizerRegex(@"\s+", "CLIP"), " "),
            new LowercaseNormalizer(),
        ]),
        new SequencePreTokenizer(
        [
            new SplitPreTokenizer(null, new TokenizerRegex(ClipPattern, "CLIP"), invert: true, SplitBehavior.Removed),
            new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true),
        ]),
        model,
        [],
        new TokenTemplate([special.Bos!.Value], [special.Eos!.Value]),
        new SequenceDecoder([new ByteLevelDecoder(), new WordEndDecoder(WordEnd)]));

    private static PipelineParts Gpt2Parts(BpeModel model, FolderSettings settings) => new(
        new SequenceNormalizer([]),
        new ByteLevelPreTokenizer(settings.AddPrefixSpace, useRegex: true),
        model,
        [],
        TokenTemplate.None,
        new ByteLevelDecoder());

    private static List<AddedToken> AddedTokens(FolderSettings settings, Vocabulary vocabulary)
    {
        var named = new[] { settings.Bos, settings.Eos, settings.Unk, settings.Pad }.OfType<string>().Distinct(StringComparer.Ordinal)
            .Where(token => settings.AddedTokens.All(t => t.Content != token))
            .Select(token => new AddedToken(IdOf(token, settings, vocabulary)!.Value, token) { Special = true });
        return [.. settings.AddedTokens, .. named];
    }

    private static int? IdOf(string token, FolderSettings settings, Vocabulary vocabulary) =>
        settings.AddedTokens.FirstOrDefault(t => t.Content == token)?.Id ?? vocabulary.IdOf(token);
}
