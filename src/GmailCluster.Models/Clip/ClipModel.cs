using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>
/// CLIP (Radford et al. 2021, arXiv 2103.00020): an image tower and a text tower that meet in one space. Parameters are named as in
/// transformers' <c>CLIPModel</c>. Threads may share it.
/// </summary>
public sealed class ClipModel : Module
{
    [ComponentName(Name = "logit_scale")]
    private readonly Parameter _logitScale;

    private readonly ClipConfig _config;

    // In a record, because a field that is a module would be registered, and its parameters named, once more.
    private readonly Towers _towers;

    /// <summary>A model of zeros, to be filled by a loader.</summary>
    public ClipModel(ClipConfig config)
        : base(nameof(ClipModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        _towers = new Towers(new ClipVisionTower(config.VisionConfig), new ClipTextTower(config.TextConfig));
        _logitScale = Parameter(tensor((float)config.LogitScaleInitValue));
        register_module("vision_model", Vision.Transformer);
        register_module("visual_projection", Vision.Projection!);
        register_module("text_model", Text.Transformer);
        register_module("text_projection", Text.Projection!);
        RegisterComponents();
    }

    /// <summary>The image tower.</summary>
    public ClipVisionTower Vision => _towers.Vision;

    /// <summary>The text tower.</summary>
    public ClipTextTower Text => _towers.Text;

    /// <summary>Logarithm of the factor on cosine similarities; a scalar.</summary>
    public Parameter LogitScale => _logitScale;

    /// <summary>The sizes, as they are now.</summary>
    public ClipConfig Config => _config with { TextConfig = Text.Config };

    /// <summary>
    /// Loads a folder of any layout (Hugging Face, open_clip, OpenAI) in fp32. The model belongs to the caller, not to a dispose scope.
    /// </summary>
    /// <param name="folder">Config and safetensors.</param>
    /// <param name="config">Rules over the folder's own; needed where weights alone do not tell, such as head counts.</param>
    public static ClipModel Load(string folder, ClipConfig? config = null) => ClipCheckpoint.Load(folder, config);

    /// <summary>Cosine similarities times exp(logit_scale).</summary>
    /// <param name="images">Embeddings of A pictures, [A, P].</param>
    /// <param name="texts">Embeddings of B texts, [B, P].</param>
    /// <returns>[A, B].</returns>
    public Tensor Logits(Tensor images, Tensor texts)
    {
        using var scope = NewDisposeScope();
        return (functional.normalize(images, dim: -1).mm(functional.normalize(texts, dim: -1).t()) * _logitScale.exp()).MoveToOuterDisposeScope();
    }

    private sealed record Towers(ClipVisionTower Vision, ClipTextTower Text);
}
