using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>
/// Llama with its language-model head (arXiv 2302.13971, 2407.21783): transformers' LlamaForCausalLM, parameter names included.
/// Every linear layer can take a LoRA adapter. It keeps no state between calls, so threads may share it.
/// </summary>
// B rows, T new tokens, S tokens in all, C width, V vocabulary.
public sealed class LlamaModel : nn.Module, ICausalLanguageModel
{
    [ComponentName(Name = "model")] private readonly LlamaTransformer _transformer;
    [ComponentName(Name = "lm_head")] private readonly AdaptableLinear? _head;

    /// <summary>A model of zeros, to be filled.</summary>
    internal LlamaModel(LlamaConfig config, GenerationDefaults generation)
        : base(nameof(LlamaModel))
    {
        (Config, Generation) = (config, generation);
        _transformer = new LlamaTransformer(config);
        _head = config.TieWordEmbeddings ? null : new AdaptableLinear(config.HiddenSize, config.VocabSize, hasBias: false);
        RegisterComponents();
        Layer.DetachFromDisposeScope(this);
    }

    /// <summary>Sizes and settings.</summary>
    public LlamaConfig Config { get; }

    /// <inheritdoc/>
    public GenerationDefaults Generation { get; }

    /// <inheritdoc/>
    public int VocabularySize => Config.VocabSize;

    /// <summary>Null: rotary positions have no end.</summary>
    public int? PositionLimit => null;

    /// <summary>The embedding table, [V, C].</summary>
    internal Tensor TokenTable => _transformer.TokenTable;

    /// <summary>Reads a LlamaForCausalLM folder: <c>config.json</c>, safetensors, <c>generation_config.json</c> if there.</summary>
    /// <exception cref="Errors.InputException">A file is missing or malformed, or config and weights differ.</exception>
    public static LlamaModel Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = ConfigFile.Read<LlamaConfig>(path);
        config.Validate(path);
        using var weights = WeightSource.OpenFolder(folder, "model");
        var model = new LlamaModel(config, GenerationDefaults.Load(folder, config.Generation));
        try
        {
            // Older writers saved the frequencies too, and some the tied head twice.
            weights.LoadInto(model, ignore: [@"\.rotary_emb\.inv_freq$", .. config.TieWordEmbeddings ? [@"^lm_head\.weight$"] : Array.Empty<string>()]);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes such a folder, in float32.</summary>
    public void Save(string folder) => CheckpointFile.WriteAll(folder,
    [
        CheckpointFile.Json("config.json", Config.ToSave()),
        CheckpointFile.Json(GenerationDefaults.FileName, Generation),
        CheckpointFile.Weights("model.safetensors", state_dict()),
    ]);

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids) => _transformer.Embed(ids);

    /// <summary>Logits of every position.</summary>
    /// <param name="embeddings">[B, T, C].</param>
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
        Shapes.Require(embeddings, nameof(embeddings), null, null, Config.HiddenSize);
        using var scope = NewDisposeScope();
        return _transformer.forward(embeddings, attentionMask, cache, positions, dropout, boundary).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden) =>
        _head is null ? SkinnyProduct.Linear(hidden, _transformer.TokenTable) : SkinnyProduct.Forward(_head, hidden);

    /// <inheritdoc/>
    public KvCache NewCache(long rows, long capacity) => new(
        Config.NumHiddenLayers, rows, Config.KeyHeads, capacity, Config.HeadWidth, _transformer.TokenTable.dtype, _transformer.TokenTable.device);
}
