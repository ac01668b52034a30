using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Diffusion.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// The denoiser of Stable Diffusion 1.x and 2.x (Rombach et al., arXiv 2112.10752), parameters named as in diffusers' UNet2DConditionModel.
/// Several threads may use one at once.
/// </summary>
// B latents, R texts (a multiple of B), C latent channels, h, w latents, T text tokens, X text width, E time embedding.
public sealed class UNet2DConditionModel : Module<Tensor, Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly ConvLayer _convIn;
    [ComponentName(Name = "time_embedding")] private readonly TimeEmbedding _time;
    [ComponentName(Name = "down_blocks")] private readonly ModuleList<UNetDownBlock> _down;
    [ComponentName(Name = "mid_block")] private readonly UNetMidBlock? _mid;
    [ComponentName(Name = "up_blocks")] private readonly ModuleList<UNetUpBlock> _up;
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNormLayer _normOut;
    [ComponentName(Name = "conv_out")] private readonly ConvLayer _convOut;
    private readonly IReadOnlyList<CrossAttention> _textAttentions;

    internal UNet2DConditionModel(UNet2DConditionConfig config)
        : base(nameof(UNet2DConditionModel))
    {
        Config = config;
        var channels = config.BlockOutChannels;
        var blocks = Enumerable.Range(0, channels.Length).ToList();
        _convIn = new ConvLayer(config.InChannels, channels[0], config.ConvInKernel);
        _time = new TimeEmbedding(channels[0], UNetParts.TimeWidth(config), config.FlipSinToCos, config.FreqShift);
        _down = new([.. blocks.Select(i => new UNetDownBlock(config, i))]);
        _mid = config.HasMidBlock ? new UNetMidBlock(config) : null;
        _up = new([.. blocks.Select(i => new UNetUpBlock(config, i))]);
        _normOut = new GroupNormLayer(config.NormNumGroups, channels[0], config.NormEps);
        _convOut = new ConvLayer(channels[0], config.OutChannels, config.ConvOutKernel);
        RegisterComponents();
        _textAttentions = [.. modules().OfType<TransformerBlock>().Select(b => b.TextAttention)];
    }

    internal UNet2DConditionConfig Config { get; }

    /// <summary>Loads a folder as diffusers writes it: config.json and diffusion_pytorch_model.safetensors.</summary>
    /// <exception cref="InputException">It is incomplete, malformed, or describes another kind of UNet.</exception>
    public static UNet2DConditionModel Load(string folder)
    {
        var model = new UNet2DConditionModel(UNet2DConditionConfig.Load(folder));
        using var weights = WeightSource.OpenFolder(folder, "diffusion_pytorch_model");
        weights.LoadInto(model);
        model.eval();
        return model;
    }

    /// <param name="sample">Noisy latents, [B, C, h, w].</param>
    /// <param name="timestep">Their times, [B], or one for all, [1] or [].</param>
    /// <param name="text">Hidden states of the text encoder, [R, T, X].</param>
    /// <returns>
    /// What the model predicts, [R, C, h, w]. With R a multiple of B the latents are taken that many times, one whole batch after
    /// the other, as classifier-free guidance does.
    /// </returns>
    public override Tensor forward(Tensor sample, Tensor timestep, Tensor text)
    {
        using var scope = NewDisposeScope();
        return Denoise(sample, timestep, Condition(text)).MoveToOuterDisposeScope();
    }

    /// <summary>What the texts mean to every attention; see <see cref="TextContext"/>.</summary>
    /// <param name="text">[R, T, X].</param>
    internal TextContext Condition(Tensor text) =>
        text.dim() == 3 && text.shape[2] == Config.CrossAttentionDim[0]
            ? new TextContext(_textAttentions, text)
            : throw new ArgumentException($"text: expected [R, T, {Config.CrossAttentionDim[0]}], got [{string.Join(", ", text.shape)}]", nameof(text));

    internal Tensor Denoise(Tensor sample, Tensor timestep, TextContext context)
    {
        if (sample.dim() != 4 || sample.shape[1] != Config.InChannels || context.Rows % sample.shape[0] != 0)
        {
            throw new ArgumentException(
                $"sample: expected [B, {Config.InChannels}, h, w] with B a divisor of {context.Rows}, got [{string.Join(", ", sample.shape)}]", nameof(sample));
        }

        using var scope = NewDisposeScope();
        var time = Activation.SiLUOf(_time.forward(timestep.reshape(-1)));       // [B or 1, E]
        var hidden = _convIn.forward(sample);
        var skips = new Stack<Tensor>([hidden]);
        foreach (var block in _down)
        {
            hidden = block.Forward(hidden, time, context, skips);
        }

        hidden = _mid?.Forward(hidden, time, context) ?? hidden;
        foreach (var block in _up)
        {
            hidden = block.Forward(hidden, time, context, skips);
        }

        var output = _convOut.forward(_normOut.WithSiLU(hidden));
        return BatchRows.Repeat(output, context.Rows).MoveToOuterDisposeScope();  // [R, C, h, w]
    }
}
