using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// Continues sequences that begin as embeddings, with a cache of keys and values: greedily, or by beam search. The ids are those
/// of transformers' <c>generate</c>.
/// </summary>
// B sequences, P prefix tokens, N new tokens, C width.
public static class Decoder
{
    /// <summary>Continues every sequence until its end token or the length limit; each ends on its own.</summary>
    /// <param name="model">The language model.</param>
    /// <param name="prefix">[B, P, C]: token embeddings, or an image's prefix.</param>
    /// <param name="options">How to search.</param>
    /// <param name="attentionMask">[B, P], 0 at padding, which must stand on the left; null: no padding.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <returns>The new ids, [B, N] int64, with the end token, then padding; N is the longest continuation's length. Belongs to the caller.</returns>
    /// <exception cref="GmailClusterException">Prefix and new tokens need more positions than the model has.</exception>
    public static Tensor Generate(
        ICausalLanguageModel model, Tensor prefix, GenerationOptions options, Tensor? attentionMask = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (prefix.shape is not [> 0, > 0, _])
        {
            throw new ArgumentException($"prefix: expected [B, P, C], got [{string.Join(", ", prefix.shape)}]", nameof(prefix));
        }

        // The last new token is never fed back.
        var needed = prefix.shape[1] + options.MaxNewTokens - 1;
        if (needed > model.PositionLimit)
        {
            throw new GmailClusterException(
                "", $"A prefix of {prefix.shape[1]} tokens and {options.MaxNewTokens} new ones need {needed} positions; the language model has {model.PositionLimit}.",
                $"Generate at most {model.PositionLimit - prefix.shape[1] + 1} tokens, or use a model with more positions.");
        }

        // Made outside inference mode: what comes from within can never be part of a training step.
        return Padded(Search(model, prefix, attentionMask, options, needed, cancellationToken), Padding(options), prefix.device);
    }

    /// <summary>The ids of each sequence before its end token.</summary>
    /// <param name="ids">[B, N], as <see cref="Generate"/> returns them.</param>
    /// <param name="options">The options they were generated with.</param>
    public static IReadOnlyList<int[]> WithoutEnd(Tensor ids, GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(options);
        using var scope = NewDisposeScope();
        var width = (int)ids.shape[1];
        return [.. ids.cpu().contiguous().data<long>().ToArray().Chunk(width)
            .Select(row => row.Select(id => (int)id).TakeWhile(id => !options.EosTokenIds.Contains(id)).ToArray())];
    }

    private static IReadOnlyList<IReadOnlyList<long>> Search(
        ICausalLanguageModel model, Tensor prefix, Tensor? attentionMask, GenerationOptions options, long capacity, CancellationToken cancellationToken)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var session = new DecodingSession(model, prefix, attentionMask, capacity);
        return options.BeamCount == 1
            ? GreedySearch.Run(session, options, cancellationToken)
            : BeamSearch.Run(session, options, cancellationToken);
    }

    // Beam search in transformers pads by `pad or eos`, so that a padding id of 0 gives the end token; greedy search does not.
    private static long Padding(GenerationOptions options) => options switch
    {
        { EosTokenIds.Count: 0 } => options.PadTokenId ?? 0,
        { BeamCount: > 1, PadTokenId: null or 0 } or { PadTokenId: null } => options.EosTokenIds[0],
        _ => options.PadTokenId.Value,
    };

    private static Tensor Padded(IReadOnlyList<IReadOnlyList<long>> rows, long padding, Device device)
    {
        var width = rows.Max(r => r.Count);
        var flat = new long[rows.Count * width];
        Array.Fill(flat, padding);
        foreach (var (r, row) in rows.Index())
        {
            foreach (var (i, id) in row.Index())
            {
                flat[(r * width) + i] = id;
            }
        }

        return tensor(flat, [rows.Count, width], device: device);
    }
}
