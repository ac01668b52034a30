using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Diffusion.Layers;
using GmailCluster.Models.Diffusion.Schedulers;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// Stable Diffusion 1.x and 2.x, from token ids and noise to images, as diffusers' StableDiffusionPipeline computes it. It draws no random
/// number itself. Several threads may call <see cref="Generate"/> on one pipeline at once. A safety checker, where the folder has
/// one, is not run.
/// </summary>
// B images, T tokens, X text width, C latent channels, h, w latents, H, W image.
public sealed class StableDiffusionPipeline : IDisposable
{
    // Values of the widest map of one pass through the UNet. On a CPU few enough that they stay near the core (emoji-sized models: 32
    // images; one image of 512 x 512), enough that what a pass costs whatever its size is spread; elsewhere what fits the memory.
    private const long ValuesPerPassOnCpu = 1 << 20;
    private const long ValuesPerPass = 1 << 26;


    private readonly ClipTextTower _textEncoder;
    private readonly UNet2DConditionModel _unet;
    private readonly AutoencoderKL _autoencoder;
    private readonly Device _device;

    private StableDiffusionPipeline(ClipTextTower textEncoder, UNet2DConditionModel unet, AutoencoderKL autoencoder, SchedulerConfig scheduler, Device device)
    {
        (_textEncoder, _unet, _autoencoder, Scheduler, _device) = (textEncoder, unet, autoencoder, scheduler, device);
        if (device.type != DeviceType.CPU)
        {
            textEncoder.to(device);
            unet.to(device);
            autoencoder.to(device);
        }
    }

    /// <summary>The sampler that the folder names.</summary>
    public SchedulerConfig Scheduler { get; }

    /// <summary>T: the most tokens a prompt may have, and the number that prompts are padded to.</summary>
    public int MaxPromptLength => _textEncoder.Config.MaxPositionEmbeddings;

    /// <summary>The size of image that the model was trained on, in pixels.</summary>
    public (int Height, int Width) DefaultSize =>
        (_unet.Config.SampleSize.Height * _autoencoder.Reduction, _unet.Config.SampleSize.Width * _autoencoder.Reduction);

    /// <summary>
    /// Loads a folder in diffusers' layout: model_index.json, unet, vae, text_encoder, scheduler. The tokenizer is the caller's business.
    /// </summary>
    /// <param name="folder">The pipeline's folder.</param>
    /// <param name="device">Where to compute. Default: the CPU.</param>
    /// <exception cref="InputException">It is incomplete, malformed, or holds another kind of pipeline.</exception>
    public static StableDiffusionPipeline Load(string folder, Device? device = null)
    {
        var index = Path.Combine(folder, "model_index.json");
        var components = PythonJson.ReadObject(index);
        RequireClass(index, "_class_name", components["_class_name"], "StableDiffusionPipeline");
        foreach (var (name, className) in (ReadOnlySpan<(string, string)>)[("unet", nameof(UNet2DConditionModel)), ("vae", nameof(AutoencoderKL)), ("text_encoder", "CLIPTextModel")])
        {
            RequireClass(index, name, (components[name] as JsonArray)?.ElementAtOrDefault(1), className);
        }

        var scheduler = SchedulerConfig.Load(Path.Combine(folder, "scheduler"));
        var pipeline = new StableDiffusionPipeline(
            ClipTextTower.Load(Path.Combine(folder, "text_encoder")),
            UNet2DConditionModel.Load(Path.Combine(folder, "unet")),
            AutoencoderKL.Load(Path.Combine(folder, "vae")),
            scheduler,
            device ?? CPU);
        try
        {
            pipeline.CheckThatPartsFit(folder);
            return pipeline;
        }
        catch
        {
            pipeline.Dispose();
            throw;
        }
    }

    /// <summary>[C, h, w] of the noise for an image.</summary>
    /// <param name="height">H in pixels, a multiple of the autoencoder's reduction.</param>
    /// <param name="width">W in pixels, likewise.</param>
    public long[] LatentShape(int height, int width)
    {
        var reduction = _autoencoder.Reduction;
        return height > 0 && width > 0 && height % reduction == 0 && width % reduction == 0
            ? [_unet.Config.InChannels, height / reduction, width / reduction]
            : throw new InputException("image size", $"is {height} x {width}, not multiples of {reduction}.", $"Take sizes such as {DefaultSize.Height} x {DefaultSize.Width}.");
    }

    /// <summary>
    /// Makes an image for each prompt. What an image is depends on its own prompt and noise, not on the batch it is made in (but for
    /// rounding).
    /// </summary>
    /// <param name="promptIds">Token ids, [B, T], int64, T at most <see cref="MaxPromptLength"/>.</param>
    /// <param name="negativeIds">Token ids of what guidance leads away from, usually the empty prompt, [1, T] or [B, T]; may be null without guidance.</param>
    /// <param name="latents">Unit noise, [B, C, h, w]; see <see cref="LatentShape"/>.</param>
    /// <param name="steps">Inference steps.</param>
    /// <param name="guidanceScale">Classifier-free guidance (Ho and Salimans, arXiv 2207.12598); up to 1 it is off, and half the work.</param>
    /// <param name="onStep">Told of each step's number, from 0, and the latents after it, [B, C, h, w], valid during the call.</param>
    /// <param name="cancellationToken">Looked at between passes through the model.</param>
    /// <returns>[B, 3, H, W] fp32 in 0..1; it belongs to the caller (or the caller's dispose scope).</returns>
    public Tensor Generate(
        Tensor promptIds, Tensor? negativeIds, Tensor latents, int steps, double guidanceScale,
        Action<int, Tensor>? onStep = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(promptIds);
        ArgumentNullException.ThrowIfNull(latents);
        var isGuided = guidanceScale > 1;
        Check(promptIds, isGuided ? negativeIds ?? throw new ArgumentNullException(nameof(negativeIds), "Guidance needs a negative prompt.") : null, latents);

        using var noGrad = no_grad();
        using var scheduler = Scheduler.CreateScheduler();
        scheduler.SetTimesteps(steps);

        // No dispose scope is open while the caller is told of a step: what it makes then belongs to its own.
        var passes = Passes(promptIds, isGuided ? negativeIds : null, ImagesPerPass(latents, isGuided));
        var sample = Start(latents, scheduler.InitNoiseSigma);
        try
        {
            for (var i = 0; i < scheduler.Timesteps.Count; i++)
            {
                var next = Step(scheduler, scheduler.Timesteps[i], sample, passes, guidanceScale, cancellationToken);
                sample.Dispose();
                sample = next;
                onStep?.Invoke(i, sample);
            }

            return Decode(sample, passes, cancellationToken);
        }
        finally
        {
            sample.Dispose();
            passes.ForEach(p => p.Context.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _textEncoder.Dispose();
        _unet.Dispose();
        _autoencoder.Dispose();
    }

    /// <summary>Hidden states of prompts, [B, T, X].</summary>
    internal Tensor EncodePrompts(Tensor ids)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return _textEncoder.Encode(ids).LastHiddenState.MoveToOuterDisposeScope();
    }

    private static void RequireClass(string index, string name, JsonNode? node, string expected)
    {
        var found = node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "(none)";
        if (found != expected)
        {
            throw new InputException(
                index, $"has '{found}' as '{name}', which is not supported (supported: {expected}).",
                "Give a text-to-image pipeline of Stable Diffusion 1.x or 2.x.");
        }
    }

    private void CheckThatPartsFit(string folder)
    {
        var (unet, vae, text) = (_unet.Config, _autoencoder.Config, _textEncoder.Config);
        if (unet.InChannels != vae.LatentChannels || unet.OutChannels != vae.LatentChannels)
        {
            throw new InputException(
                folder, $"has a UNet from {unet.InChannels} to {unet.OutChannels} channels over latents of {vae.LatentChannels}.",
                "Give a text-to-image pipeline; inpainting and depth models have other inputs.");
        }

        if (unet.CrossAttentionDim.FirstOrDefault(d => d != text.HiddenSize) is var other and not 0)
        {
            throw new InputException(
                folder, $"has a UNet that reads texts of width {other}, and a text encoder of width {text.HiddenSize}.", "Download the folder again.");
        }
    }

    private void Check(Tensor promptIds, Tensor? negativeIds, Tensor latents)
    {
        static string Shape(Tensor t) => $"[{string.Join(", ", t.shape)}]";
        if (latents.dim() != 4 || latents.shape[0] == 0 || latents.shape[1] != _unet.Config.InChannels)
        {
            throw new ArgumentException($"latents: expected [B, {_unet.Config.InChannels}, h, w], got {Shape(latents)}", nameof(latents));
        }

        if (promptIds.dim() != 2 || promptIds.shape[0] != latents.shape[0] || promptIds.dtype != ScalarType.Int64)
        {
            throw new ArgumentException($"promptIds: expected [{latents.shape[0]}, T] int64, got {Shape(promptIds)} {promptIds.dtype}", nameof(promptIds));
        }

        if (negativeIds is not null && (negativeIds.dim() != 2 || (negativeIds.shape[0] != 1 && negativeIds.shape[0] != latents.shape[0])
            || negativeIds.shape[1] != promptIds.shape[1] || negativeIds.dtype != ScalarType.Int64))
        {
            throw new ArgumentException(
                $"negativeIds: expected [1 or {latents.shape[0]}, {promptIds.shape[1]}] int64, got {Shape(negativeIds)} {negativeIds.dtype}", nameof(negativeIds));
        }
    }

    private long ImagesPerPass(Tensor latents, bool isGuided)
    {
        var values = (isGuided ? 2 : 1) * latents.shape[2] * latents.shape[3] * _unet.Config.BlockOutChannels[0];
        return Math.Max((_device.type == DeviceType.CPU ? ValuesPerPassOnCpu : ValuesPerPass) / values, 1);
    }

    // The batch in passes, each with its texts as the attentions see them: without guidance the prompts, with it the negative ones first.
    private List<Pass> Passes(Tensor promptIds, Tensor? negativeIds, long imagesPerPass)
    {
        using var scope = NewDisposeScope();
        var (count, negatives) = (promptIds.shape[0], negativeIds?.shape[0] ?? 0);
        var ids = negativeIds is null ? promptIds : cat([negativeIds, promptIds], 0);
        var texts = EncodePrompts(ids.to(_device));                                                       // [negatives + B, T, X]
        var all = _unet.Condition(texts);
        var passes = new List<Pass>();
        for (var start = 0L; start < count; start += imagesPerPass)
        {
            var length = Math.Min(imagesPerPass, count - start);
            var images = Enumerable.Range((int)start, (int)length).Select(i => (long)i).ToList();
            var rows = images.Where(_ => negatives > 0).Select(i => negatives == 1 ? 0 : i).Concat(images.Select(i => i + negatives));
            passes.Add(new Pass(start, length, all.Select(tensor(rows.ToArray(), device: _device)).Detach()));
        }

        return passes;
    }

    private Tensor Start(Tensor latents, double sigma)
    {
        using var scope = NewDisposeScope();
        return (latents.to(_device).to_type(ScalarType.Float32) * sigma).DetachFromDisposeScope();
    }

    private Tensor Step(IDiffusionScheduler scheduler, double time, Tensor sample, List<Pass> passes, double guidanceScale, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var input = scheduler.ScaleModelInput(sample, time);
        var timestep = tensor([(float)time], device: _device);
        var outputs = passes.ConvertAll(pass => Predict(input.narrow(0, pass.Start, pass.Length), timestep, pass.Context, guidanceScale, cancellationToken));
        return scheduler.Step(cat(outputs, 0), time, sample).DetachFromDisposeScope();
    }

    private Tensor Predict(Tensor input, Tensor timestep, TextContext context, double guidanceScale, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var output = _unet.Denoise(input, timestep, context).contiguous();                              // [B or 2 B, C, h, w]
        if (context.Rows == input.shape[0])
        {
            return output.MoveToOuterDisposeScope();
        }

        var halves = output.chunk(2, 0);
        return (halves[0] + (guidanceScale * (halves[1] - halves[0]))).MoveToOuterDisposeScope();       // [B, C, h, w]
    }

    private Tensor Decode(Tensor sample, List<Pass> passes, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var latents = sample / _autoencoder.ScalingFactor;
        var images = passes.ConvertAll(pass =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var decoded = _autoencoder.Decode(latents.narrow(0, pass.Start, pass.Length));         // [b, 3, H, W]
            return decoded.div_(2).add_(0.5).clamp_(0, 1).alias();
        });
        return cat(images, 0).MoveToOuterDisposeScope();                                                  // [B, 3, H, W]
    }

    private sealed record Pass(long Start, long Length, TextContext Context);
}
