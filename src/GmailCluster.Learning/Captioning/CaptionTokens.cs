using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;

namespace GmailCluster.Learning.Captioning;

/// <summary>Captions as a language model is trained on them: their tokens, cut to a length, then the end token.</summary>
internal sealed class CaptionTokens
{
    private readonly Dictionary<string, int[]> _ids = new(StringComparer.Ordinal);
    private readonly int _end;

    public CaptionTokens(ITokenizer tokenizer, IEnumerable<string> captions, int maxTokens, string prefix = "")
    {
        _end = tokenizer.Special.Eos
            ?? throw new InputException("the language model's tokenizer", "names no end token.", "Set eos_token in its tokenizer_config.json.");
        foreach (var caption in captions.Distinct(StringComparer.Ordinal))
        {
            _ids[caption] = [.. tokenizer.Encode(prefix + caption, addSpecialTokens: false).Take(maxTokens - 1), _end];
        }
    }

    /// <summary>Tokens of a caption, with its end.</summary>
    public int[] Of(string caption) => _ids[caption];

    /// <summary>How many tokens a caption has, with its end.</summary>
    public int Count(string caption) => _ids[caption].Length;

    /// <summary>Ids padded on the right with the end token, [b, T] int64, and where they count, [b, T].</summary>
    public (Tensor Ids, Tensor Mask) Rows(IEnumerable<string> captions)
    {
        var rows = captions.Select(Of).ToArray();
        var width = rows.Max(row => row.Length);
        var ids = new long[rows.Length * width];
        var mask = new long[rows.Length * width];
        Array.Fill(ids, _end);
        for (var r = 0; r < rows.Length; r++)
        {
            for (var t = 0; t < rows[r].Length; t++)
            {
                ids[(r * width) + t] = rows[r][t];
                mask[(r * width) + t] = 1;
            }
        }

        return (tensor(ids, [rows.Length, width]), tensor(mask, [rows.Length, width]));
    }
}
