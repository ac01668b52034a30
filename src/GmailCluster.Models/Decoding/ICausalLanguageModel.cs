using GmailCluster.Models.Layers;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// A language model as captioners and decoding see it: embeddings go in, so that a prefix may come from an image, and logits come
/// out. Implementations keep no state between calls: several threads may use one instance at once, each with its own cache.
/// </summary>
// B rows, T new tokens, S tokens in all (with those in the cache), C width, V vocabulary.
public interface ICausalLanguageModel
{
    /// <summary>Rows of the embedding table and columns of the logits.</summary>
    int VocabularySize { get; }

    /// <summary>How many positions there are embeddings for, or null where positions have no end (rotary embeddings).</summary>
    int? PositionLimit { get; }

    /// <summary>Where generation ends and what pads it: <c>generation_config.json</c>, else the model's config.</summary>
    GenerationDefaults Generation { get; }

    /// <summary>Token embeddings without positions.</summary>
    /// <param name="ids">[B, T], int64.</param>
    /// <returns>[B, T, C].</returns>
    Tensor Embed(Tensor ids);

    /// <summary>The states below the head, after the last norm.</summary>
    /// <param name="embeddings">[B, T, C], without positions.</param>
    /// <param name="attentionMask">[B, S], 1 where a token may be attended to, 0 at padding. Null: everywhere.</param>
    /// <param name="cache">Keys and values of the tokens before; T tokens are added. For inference only.</param>
    /// <param name="positions">[B, T], int64. Null: they count on from the cache's length, whatever the mask.</param>
    /// <param name="dropout">Draws the config's dropout. Null: no dropout, as in evaluation.</param>
    /// <param name="boundary">Sees the states between layers. Null: nobody.</param>
    /// <returns>[B, T, C].</returns>
    Tensor HiddenStates(
        Tensor embeddings, Tensor? attentionMask = null, KvCache? cache = null, Tensor? positions = null, Generator? dropout = null, LayerBoundary? boundary = null);

    /// <summary>The head.</summary>
    /// <param name="hidden">[..., C].</param>
    /// <returns>[..., V].</returns>
    Tensor Logits(Tensor hidden);

    /// <summary>An empty cache, allocated whole.</summary>
    /// <param name="rows">B.</param>
    /// <param name="capacity">The largest S it will hold.</param>
    KvCache NewCache(long rows, long capacity);
}
