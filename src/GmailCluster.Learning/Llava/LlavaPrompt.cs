using GmailCluster.Data.Tokenizers;

namespace GmailCluster.Learning.Llava;

/// <summary>The question of a LLaVA task as token ids, with one image token a feature.</summary>
internal sealed class LlavaPrompt
{
    public const string ImageWord = "<image>";

    /// <param name="tokenizer">The language model's.</param>
    /// <param name="prompt">The question, with one <c>&lt;image&gt;</c>.</param>
    /// <param name="imageToken">The id in whose places features go.</param>
    /// <param name="featuresPerImage">How many of them.</param>
    public LlavaPrompt(ITokenizer tokenizer, string prompt, int imageToken, int featuresPerImage)
    {
        var parts = prompt.Split(ImageWord);
        Ids =
        [
            .. tokenizer.Encode(parts[0]),
            .. Enumerable.Repeat(imageToken, featuresPerImage),
            .. tokenizer.Encode(parts[1], addSpecialTokens: false),
        ];
    }

    /// <summary>The ids, with the start token that the tokenizer adds.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>The image token: the tokenizer's own, else the first id that it does not use.</summary>
    public static int ImageToken(ITokenizer tokenizer) => tokenizer.IdOf(ImageWord) ?? tokenizer.VocabularySize;

    /// <summary>Equal rows for a batch, [B, T] int64.</summary>
    public Tensor Rows(int count) => tensor([.. Ids.Select(id => (long)id)], ScalarType.Int64).unsqueeze(0).repeat(count, 1);
}
