using System.Runtime.InteropServices;
using GmailCluster.Models.Layers;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// A language model told by a function from what stands before to the probabilities of what follows; all other tokens have none.
/// Its "embedding" is the id, its "state" everything read so far: so it lives by the cache alone, as the real ones do.
/// </summary>
internal sealed class TableLanguageModel(int vocabulary, Func<IReadOnlyList<int>, IReadOnlyDictionary<int, double>> next) : ICausalLanguageModel
{
    private const int Longest = 32;

    public int VocabularySize => vocabulary;

    public int? PositionLimit => Longest;

    public GenerationDefaults Generation { get; } = new();

    public Tensor Embed(Tensor ids) => ids.to(ScalarType.Float32).unsqueeze(-1);

    public Tensor HiddenStates(
        Tensor embeddings, Tensor? attentionMask = null, KvCache? cache = null, Tensor? positions = null, Generator? dropout = null, LayerBoundary? boundary = null)
    {
        var (b, t) = (embeddings.shape[0], embeddings.shape[1]);
        var (history, _) = cache!.Append(0, embeddings.view(b, 1, t, 1), embeddings.view(b, 1, t, 1), t);
        cache.Advance(t);
        var state = full([b, t, Longest], -1, ScalarType.Float32);
        state.select(1, t - 1).narrow(1, 0, cache.Length).copy_(history.view(b, cache.Length));
        return state;
    }

    public Tensor Logits(Tensor hidden)
    {
        var rows = MemoryMarshal.Cast<byte, float>(hidden.contiguous().bytes).ToArray().Chunk(Longest).ToArray();
        var logits = full([rows.Length, vocabulary], -1e4, ScalarType.Float32);
        foreach (var (r, row) in rows.Index())
        {
            foreach (var (token, probability) in next([.. row.TakeWhile(id => id >= 0).Select(id => (int)id)]))
            {
                logits[r, token] = (float)Math.Log(probability);
            }
        }

        return logits;
    }

    public KvCache NewCache(long rows, long capacity) => new(1, rows, 1, capacity, 1, ScalarType.Float32, CPU);
}
