using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>
/// GPT-2 with its language-model head (Radford et al. 2019): transformers' GPT2LMHeadModel, parameter names included. It keeps no
/// state between calls, so threads may share it.
/// </summary>
// B rows, T new tokens, S tokens in all, C width, V vocabulary.
public sealed class Gpt2Model : nn.Module, ICausalLanguageModel
{
    [ComponentName(Name = "transformer")] private readonly Gpt2Transformer _transformer;
    [ComponentName(Name = "lm_head")] private readonly AdaptableLinear? _head;

    /// <summary>A model of zeros, to be filled.</summary>
    internal Gpt2Model(Gpt2Config config, GenerationDefaults generation)
        : base(nameof(Gpt2Model))
    {
        (Config, Generation) = (config, generation);
        _transformer = new Gpt2Transformer(config);
        _head = config.TieWordEmbeddings ? null : new AdaptableLinear(config.NEmbd, config.VocabSize, hasBias: false);
        RegisterComponents();
        Layer.DetachFromDisposeScope(this);
    }

    /// <summary>Sizes and settings.</summary>
    public Gpt2Config Config { get; }

    /// <inheritdoc/>
    public GenerationDefaults Generation { get; }

    /// <inheritdoc/>
    public int VocabularySize => Config.VocabSize;

    /// <inheritdoc/>
    public int? PositionLimit => Config.NPositions;

    /// <summary>Reads a GPT2LMHeadModel folder: <c>config.json</c>, safetensors, <c>generation_config.json</c> if there.</summary>
    /// <exception cref="Errors.InputException">A file is missing or malformed, or config and weights differ.</exception>
    public static Gpt2Model Load(string folder) => Gpt2Checkpoint.Load(folder);

    /// <summary>Writes such a folder, in float32.</summary>
    public void Save(string folder) => CheckpointFile.WriteAll(folder, Gpt2Checkpoint.Files(this));

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids) => _transformer.Embed(ids);

    /// <summary>Logits of every position.</summary>
    /// <param name="embeddings">[B, T, C], without positions.</param>
    /// <param name="attentionMask">[B, S], 0 at padding; null: none.</param>
    /// <param name="cache">Keys and values of the tokens before; T are added.</param>
    /// <param name="dropout">Draws the config's dropout; null: none.</param>
    /// <returns>[B, T, V].</returns>
    public Tensor forward(Tensor embeddings, Tensor? attentionMask = null, KvCache? cache = null, Generator? dropout = null)
    {
        using var scope = NewDisposeScope();
        return Logits(HiddenStates(embeddings, attentionMask, cache, null, dropout)).MoveToOuterDisposeScope();
    }

    /// <summary>Next-token cross-entropy of token ids.</summary>
    /// <param name="ids">[B, T].</param>
    /// <param name="labels">[B, T], unshifted; -100 is not counted.</param>
    /// <param name="attentionMask">[B, T], 0 at padding; null: none.</param>
    /// <param name="dropout">Draws the config's dropout; null: none.</param>
    public TokenLoss Loss(Tensor ids, Tensor labels, Tensor? attentionMask = null, Generator? dropout = null)
    {
        using var scope = NewDisposeScope();
        var loss = CausalLoss.Shifted(this, HiddenStates(Embed(ids), attentionMask, null, null, dropout), labels);
        return loss with { Sum = loss.Sum.MoveToOuterDisposeScope() };
    }

    /// <inheritdoc/>
    public Tensor HiddenStates(
        Tensor embeddings, Tensor? attentionMask = null, KvCache? cache = null, Tensor? positions = null, Generator? dropout = null, LayerBoundary? boundary = null)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        var (past, shape) = (cache?.Length ?? 0, embeddings.shape);
        if (shape.Length != 3 || shape[2] != Config.NEmbd || past + shape[1] > Config.NPositions)
        {
            throw new ArgumentException(
                $"embeddings: expected [B, T, {Config.NEmbd}] with T at most {Config.NPositions - past}, got [{string.Join(", ", shape)}]", nameof(embeddings));
        }

        using var scope = NewDisposeScope();
        return _transformer.forward(embeddings, attentionMask, cache, positions, dropout, boundary).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden) =>
        _head is null ? SkinnyProduct.Linear(hidden, _transformer.TokenTable) : SkinnyProduct.Forward(_head, hidden);

    /// <inheritdoc/>
    public KvCache NewCache(long rows, long capacity) => new(
        Config.NLayer, rows, Config.NHead, capacity, Config.NEmbd / Config.NHead, _transformer.TokenTable.dtype, _transformer.TokenTable.device);
}
