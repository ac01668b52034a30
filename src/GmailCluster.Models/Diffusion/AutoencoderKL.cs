using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Diffusion.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// The autoencoder of Stable Diffusion 1.x and 2.x (Rombach et al., arXiv 2112.10752, section 3.1), parameters named as in diffusers'
/// AutoencoderKL. Several threads may use one at once.
/// </summary>
// B images, H, W image, f reduction, Z latent channels.
public sealed class AutoencoderKL : Module<Tensor, Tensor>
{
    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly LinearLayer? _quant;
    [ComponentName(Name = "post_quant_conv")] private readonly LinearLayer? _postQuant;

    internal AutoencoderKL(AutoencoderKLConfig config)
        : base(nameof(AutoencoderKL))
    {
        Config = config;
        var z = config.LatentChannels;
        _encoder = new AutoencoderEncoder(config);
        _decoder = new AutoencoderDecoder(config);
        _quant = config.UseQuantConv ? new LinearLayer(2 * z, 2 * z, isConvolution: true) : null;
        _postQuant = config.UsePostQuantConv ? new LinearLayer(z, z, isConvolution: true) : null;
        RegisterComponents();
    }

    /// <summary>Latents of unit variance are latents of the autoencoder times this.</summary>
    public double ScalingFactor => Config.ScalingFactor;

    /// <summary>f: how many pixels in a row share a latent.</summary>
    public int Reduction => 1 << (Config.BlockOutChannels.Length - 1);

    internal AutoencoderKLConfig Config { get; }

    /// <summary>
    /// Loads a folder as diffusers writes it: config.json and diffusion_pytorch_model.safetensors, also with the attention names of the
    /// first checkpoints (query, key, value, proj_attn).
    /// </summary>
    /// <exception cref="InputException">It is incomplete, malformed, or describes another kind of autoencoder.</exception>
    public static AutoencoderKL Load(string folder)
    {
        var model = new AutoencoderKL(AutoencoderKLConfig.Load(folder));
        using var weights = WeightSource.OpenFolder(folder, "diffusion_pytorch_model");
        weights.LoadInto(model, name => AutoencoderCheckpoint.NameIn(weights.Names, name), AutoencoderCheckpoint.Relayout);
        model.eval();
        return model;
    }

    /// <summary>The distribution of an image's latents.</summary>
    /// <param name="image">[B, 3, H, W], in -1..1, H and W multiples of f.</param>
    /// <returns>Mean and logarithm of the variance, within -30..20, each [B, Z, H / f, W / f].</returns>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor image)
    {
        ArgumentNullException.ThrowIfNull(image);
        Check(image, Config.InChannels, nameof(image));
        using var scope = NewDisposeScope();
        var moments = _encoder.forward(image);
        moments = _quant?.OverMap(moments) ?? moments;                               // [B, 2 Z, H / f, W / f]
        var halves = moments.chunk(2, 1);
        return (halves[0].contiguous().MoveToOuterDisposeScope(), halves[1].clamp(-30, 20).contiguous().MoveToOuterDisposeScope());
    }

    /// <param name="latents">Latents of the autoencoder (not scaled), [B, Z, h, w].</param>
    /// <returns>[B, 3, f h, f w], about -1..1.</returns>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        Check(latents, Config.LatentChannels, nameof(latents));
        using var scope = NewDisposeScope();
        return _decoder.forward(_postQuant?.OverMap(latents) ?? latents).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Reconstructs images through the mean of their latents.</summary>
    /// <param name="image">[B, 3, H, W], in -1..1.</param>
    public override Tensor forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        return Decode(Encode(image).Mean).MoveToOuterDisposeScope();
    }

    private static void Check(Tensor map, int channels, string name)
    {
        if (map.dim() != 4 || map.shape[1] != channels)
        {
            throw new ArgumentException($"{name}: expected [B, {channels}, height, width], got [{string.Join(", ", map.shape)}]", name);
        }
    }
}
