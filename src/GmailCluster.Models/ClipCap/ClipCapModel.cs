using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Gpt2;
using GmailCluster.Models.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

/// <summary>
/// CLIPCap (arXiv 2111.09734): a mapping network turns an image embedding into a prefix, which GPT-2 continues with the caption.
/// Names are CLIP_prefix_caption's ClipCaptionModel's. It keeps no state between calls, so threads may share it.
/// </summary>
// B rows, P embedding width, L prefix tokens, T caption tokens, C the language model's width.
public sealed class ClipCapModel : nn.Module
{
    /// <summary>The folder within a captioner's folder that holds the language model.</summary>
    public const string LanguageModelFolder = "gpt2";

    [ComponentName(Name = "clip_project")] private readonly nn.Module<Tensor, Tensor> _mapper;
    [ComponentName(Name = "gpt")] private readonly Gpt2Model _languageModel;

    private ClipCapModel(ClipCapConfig config, Gpt2Model languageModel)
        : base(nameof(ClipCapModel))
    {
        Config = config;
        _languageModel = languageModel;
        _mapper = config.MappingType == MappingType.Mlp
            ? MlpMapper.Of(config, languageModel.Config.NEmbd)
            : new TransformerMapper(config, languageModel.Config.NEmbd);
        RegisterComponents();
        Layer.DetachFromDisposeScope(this);
    }

    /// <summary>Sizes and kind of the mapping network.</summary>
    public ClipCapConfig Config { get; }

    /// <summary>The language model; this model owns it.</summary>
    public Gpt2Model LanguageModel => _languageModel;

    /// <summary>The mapping network's parameters, as CLIP_prefix_caption names them under <c>clip_project.</c>.</summary>
    public nn.Module<Tensor, Tensor> Mapper => _mapper;

    /// <summary>A new mapping network before a language model.</summary>
    /// <param name="config">Sizes and kind.</param>
    /// <param name="languageModel">Belongs to the captioner from now on.</param>
    /// <param name="generator">All initial values come from it, in a fixed order: the same seed gives the same network.</param>
    public static ClipCapModel Create(ClipCapConfig config, Gpt2Model languageModel, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(languageModel);
        ArgumentNullException.ThrowIfNull(generator);
        config.Validate("the mapping network", languageModel.Config.NEmbd);
        var model = new ClipCapModel(config, languageModel);
        Layer.Initialize(model._mapper, generator);
        (model._mapper as TransformerMapper)?.InitializeConstants(generator);
        return model;
    }

    /// <summary>Reads a folder that <see cref="Save"/> wrote.</summary>
    /// <exception cref="InputException">A file is missing or malformed, or config and weights differ.</exception>
    public static ClipCapModel Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = ConfigFile.Read<ClipCapConfig>(path);
        var languageModel = Gpt2Model.Load(Path.Combine(folder, LanguageModelFolder));
        try
        {
            config.Validate(path, languageModel.Config.NEmbd);
            using var weights = WeightSource.OpenFolder(folder, "model");
            var model = new ClipCapModel(config, languageModel);
            weights.LoadInto(model._mapper, MapperName(weights));
            return model;
        }
        catch
        {
            languageModel.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Fills the mapping network from safetensors, with CLIP_prefix_caption's names: with <c>clip_project.</c> in front or without.
    /// </summary>
    public void LoadMapper(string path)
    {
        using var weights = WeightSource.OpenFile(path);
        weights.LoadInto(_mapper, MapperName(weights));
    }

    /// <summary>Writes <c>config.json</c>, the mapping network's <c>model.safetensors</c>, and the language model's folder <c>gpt2/</c>.</summary>
    public void Save(string folder) => CheckpointFile.WriteAll(folder, Files());

    /// <summary>What <see cref="Save"/> writes, by relative path.</summary>
    public IReadOnlyDictionary<string, byte[]> Export() => CheckpointFile.ReadAll(Files());

    /// <summary>The prefix of an image.</summary>
    /// <param name="imageEmbeddings">[B, P].</param>
    /// <returns>[B, L, C].</returns>
    public Tensor Prefix(Tensor imageEmbeddings)
    {
        ArgumentNullException.ThrowIfNull(imageEmbeddings);
        Shapes.Require(imageEmbeddings, nameof(imageEmbeddings), null, Config.PrefixSize);
        return _mapper.forward(imageEmbeddings);
    }

    /// <summary>Cross-entropy of captions, each token given the image and the tokens before.</summary>
    /// <param name="imageEmbeddings">[B, P].</param>
    /// <param name="captionIds">[B, T], with the end token, then anything.</param>
    /// <param name="mask">[B, T], 1 at a caption's tokens, then 0.</param>
    /// <param name="dropout">Draws the language model's dropout; null: none.</param>
    /// <param name="boundary">Sees the states between the language model's layers; null: nobody.</param>
    /// <returns>Sum and number of the counted tokens.</returns>
    public TokenLoss Loss(Tensor imageEmbeddings, Tensor captionIds, Tensor mask, Generator? dropout = null, LayerBoundary? boundary = null)
    {
        ArgumentNullException.ThrowIfNull(imageEmbeddings);
        ArgumentNullException.ThrowIfNull(captionIds);
        ArgumentNullException.ThrowIfNull(mask);
        using var scope = NewDisposeScope();
        var real = mask.ne(0); // [B, T]
        Shapes.Require(captionIds, nameof(captionIds), imageEmbeddings.shape[0], null);
        Shapes.Require(mask, nameof(mask), imageEmbeddings.shape[0], captionIds.shape[1]);
        if (!RightPadding.Is(real, out var length))
        {
            throw new ArgumentException("mask: a row's zeros must stand behind its ones", nameof(mask));
        }

        var (ids, counted) = (captionIds.narrow(1, 0, length), real.narrow(1, 0, length));

        // Padding stands behind every token that counts, and causality hides it from them: no attention mask is needed.
        var embeddings = cat([Prefix(imageEmbeddings), _languageModel.Embed(ids.masked_fill(counted.logical_not(), 0))], dim: 1); // [B, L + T, C]
        var hidden = _languageModel.HiddenStates(embeddings, dropout: dropout, boundary: boundary);
        var labels = ids.masked_fill(counted.logical_not(), CausalLoss.Ignored);
        var loss = CausalLoss.Aligned(_languageModel, hidden.narrow(1, Config.PrefixLength - 1, length), labels);
        return loss with { Sum = loss.Sum.MoveToOuterDisposeScope() };
    }

    /// <summary>Captions images.</summary>
    /// <param name="imageEmbeddings">[B, P].</param>
    /// <param name="options">How to search; <c>LanguageModel.Generation.Options(...)</c> ends captions as the language model does.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <returns>Ids, [B, N]; see <see cref="Decoder.Generate"/>. <see cref="Decoder.WithoutEnd"/> cuts them.</returns>
    public Tensor Generate(Tensor imageEmbeddings, GenerationOptions options, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Decoder.Generate(_languageModel, Prefix(imageEmbeddings), options, null, cancellationToken).MoveToOuterDisposeScope();
    }

    private static Func<string, string> MapperName(WeightSource weights)
    {
        const string Prefix = "clip_project.";
        var isPrefixed = weights.Names.All(n => n.StartsWith(Prefix, StringComparison.Ordinal));
        return name => isPrefixed ? Prefix + name : name;
    }

    private List<CheckpointFile> Files() =>
    [
        CheckpointFile.Json("config.json", Config),
        CheckpointFile.Weights("model.safetensors", _mapper.state_dict().Select(p => KeyValuePair.Create("clip_project." + p.Key, p.Value))),
        .. Gpt2Checkpoint.Files(_languageModel, LanguageModelFolder + "/"),
    ];
}
