using System.Collections.Concurrent;
using System.Globalization;
using GmailCluster.Data.Images;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Pictures;
using GmailCluster.Models.Diffusion;
using GmailCluster.Randomness;
using GmailCluster.Shards;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Generation;

/// <summary>
/// Makes shards of generated images: Stable Diffusion from captions, in batches over the silo's compute slots. Whoever makes a
/// shard makes the same bytes: noise is keyed by (seed, caption id, k), batches are cut by the plan, and the tar is deterministic.
/// </summary>
public sealed class ShardGenerator(IObjectStore store, ComputePool pool, InputFolders inputs) : IDisposable
{
    private readonly ConcurrentDictionary<ArtifactKey, Lazy<Task<OpenGeneration>>> _open = new();

    /// <summary>Makes a shard and uploads it under its hash. It is not committed: that is the caller's, under its lease.</summary>
    /// <param name="stage">The generation stage.</param>
    /// <param name="shard">Which shard.</param>
    /// <param name="onImages">Told how many images of the shard are made, now and then.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<ShardEntry> Make(Stage stage, int shard, Action<int> onImages, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(onImages);
        var generation = await _open.GetOrAdd(stage.Key, _ => new Lazy<Task<OpenGeneration>>(() => OpenGeneration.Load(store, inputs, stage, cancellationToken)))
            .Value.ConfigureAwait(false);
        var made = 0;
        var batches = generation.Plan.Images(shard).Chunk(generation.Settings.Generate.BatchSize).Select(async batch =>
        {
            var samples = await pool.Run(() => generation.Make(batch, cancellationToken), cancellationToken).ConfigureAwait(false);
            onImages(Interlocked.Add(ref made, samples.Count));
            return samples;
        });
        var samples = await Task.WhenAll(batches).ConfigureAwait(false);
        return await new ShardStore(store).Upload(stage.Key, shard, [.. samples.SelectMany(batch => batch)], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var open in _open.Values.Where(open => open.IsValueCreated && open.Value.IsCompletedSuccessfully))
        {
            open.Value.Result.Dispose();
        }
    }

    private sealed class OpenGeneration : IDisposable
    {
        private readonly StableDiffusionPipeline _pipeline;
        private readonly ITokenizer _tokenizer;

        private OpenGeneration(GenerateSettings settings, ShardPlan plan, StableDiffusionPipeline pipeline, ITokenizer tokenizer) =>
            (Settings, Plan, _pipeline, _tokenizer) = (settings, plan, pipeline, tokenizer);

        public GenerateSettings Settings { get; }

        public ShardPlan Plan { get; }

        public static async Task<OpenGeneration> Load(IObjectStore store, InputFolders inputs, Stage stage, CancellationToken cancellationToken)
        {
            var settings = (await inputs.Localize(stage, cancellationToken).ConfigureAwait(false)).SettingsAs<GenerateSettings>();
            var plan = await ShardPlan.Load(store, settings, cancellationToken).ConfigureAwait(false);
            var tokenizer = TokenizerFolder.Load(Path.Combine(settings.DiffusionFolder, "tokenizer"));
            return new OpenGeneration(settings, plan, StableDiffusionPipeline.Load(settings.DiffusionFolder), tokenizer);
        }

        public List<ShardSample> Make(PlannedImage[] batch, CancellationToken cancellationToken)
        {
            using var scope = NewDisposeScope();
            var spec = Settings.Generate;
            var images = _pipeline.Generate(
                Ids(batch.Select(image => image.Prompt.Caption)), Ids([spec.NegativePrompt]), Noise(batch, spec), spec.Steps, spec.GuidanceScale,
                cancellationToken: cancellationToken); // [B, 3, H, W] in 0..1
            var pixels = (images * 255).round().clamp(0, 255).to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous(); // [B, H, W, 3]
            var (height, width) = ((int)pixels.shape[1], (int)pixels.shape[2]);
            var bytes = pixels.bytes;
            var size = height * width * 3;
            var samples = new List<ShardSample>(batch.Length);
            for (var i = 0; i < batch.Length; i++)
            {
                var png = ImageEncoder.EncodePng(new RgbImage(width, height, bytes.Slice(i * size, size).ToArray()));
                samples.Add(PictureSets.Sample(batch[i].Number, "png", png, About(batch[i], spec)));
            }

            return samples;
        }

        public void Dispose() => _pipeline.Dispose();

        private Tensor Ids(IEnumerable<string> captions)
        {
            var rows = captions.Select(caption => _tokenizer.EncodePadded(caption, _pipeline.MaxPromptLength)).ToArray();
            return tensor([.. rows.SelectMany(row => row).Select(id => (long)id)], [rows.Length, _pipeline.MaxPromptLength]);
        }

        // One generator an image: the noise does not know which batch, shard or silo it is drawn for.
        private Tensor Noise(PlannedImage[] batch, GenerateSpec spec)
        {
            var shape = _pipeline.LatentShape(_pipeline.DefaultSize.Height, _pipeline.DefaultSize.Width);
            var size = (int)(shape[0] * shape[1] * shape[2]);
            var noise = new float[batch.Length * size];
            for (var i = 0; i < batch.Length; i++)
            {
                var random = CounterRandom.For((ulong)spec.Seed, "noise", batch[i].Prompt.Id, batch[i].K.ToString(CultureInfo.InvariantCulture));
                random.FillNormal(noise.AsSpan(i * size, size));
            }

            return TensorRows.From(noise, [batch.Length, .. shape]);
        }

        private PictureRecord About(PlannedImage image, GenerateSpec spec) => new()
        {
            Id = image.Prompt.Id,
            Captions = [image.Prompt.Caption],
            LongCaption = image.Prompt.LongCaption,
            Generated = new Provenance
            {
                K = image.K,
                Seed = spec.Seed,
                Sampler = _pipeline.Scheduler.ClassName,
                Steps = spec.Steps,
                GuidanceScale = spec.GuidanceScale,
                Model = Settings.ModelDigest,
            },
        };
    }
}
