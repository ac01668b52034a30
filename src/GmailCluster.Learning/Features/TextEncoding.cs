using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Retrieval;
using GmailCluster.Learning.Work;
using GmailCluster.Models.Clip;

namespace GmailCluster.Learning.Features;

/// <summary>Captions through a text tower, in batches over the compute slots.</summary>
internal static class TextEncoding
{
    private const int BatchSize = 128;

    /// <summary>Projected embeddings, not normalised, [N, P] row by row.</summary>
    public static async Task<float[]> Encode(
        ComputePool pool, ClipTextTower tower, ITokenizer tokenizer, IReadOnlyList<string> captions, WorkProgress? progress, CancellationToken cancellationToken)
    {
        var length = (int)tower.Config.MaxPositionEmbeddings;
        var batches = await Task.WhenAll(captions.Chunk(BatchSize).Select(async batch =>
        {
            var rows = await pool.Run(
                () =>
                {
                    using var scope = NewDisposeScope();
                    using var inference = inference_mode();
                    var padded = batch.SelectMany(caption => tokenizer.EncodePadded(caption, length)).Select(id => (long)id).ToArray();
                    return TensorRows.ToArray(tower.Encode(TokenRows.Trimmed(padded, batch.Length)).Embedding);
                },
                cancellationToken).ConfigureAwait(false);
            progress?.Add(batch.Length);
            return rows;
        })).ConfigureAwait(false);
        return [.. batches.SelectMany(batch => batch)];
    }
}
