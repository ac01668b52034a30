using GmailCluster.Data.Captions;
using GmailCluster.Data.Features;
using GmailCluster.Data.Images;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Alignment;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Captioning;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Llava;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Retrieval;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Gpt2;
using GmailCluster.Models.Lora;
using GmailCluster.Randomness;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Tasks;

/// <summary>Opens the learning task of a training stage: loads its model and its data from the store.</summary>
public sealed class LearningTasks(IObjectStore store, InputFolders inputs)
{
    /// <summary>Opens a task. The caller disposes it.</summary>
    public async Task<OpenedTask> Open(Stage stage, CancellationToken cancellationToken)
    {
        stage = await inputs.Localize(stage, cancellationToken).ConfigureAwait(false);
        if (stage.Kind is StageKind.Align)
        {
            return await Align(stage.SettingsAs<AlignSettings>(), cancellationToken).ConfigureAwait(false);
        }

        var settings = stage.SettingsAs<TrainSettings>();
        return stage.Kind switch
        {
            StageKind.Caption => await Caption(settings, settings.Caption!, cancellationToken).ConfigureAwait(false),
            StageKind.Retrieve => await DualEncoder(settings, settings.Retrieve!, null, cancellationToken).ConfigureAwait(false),
            StageKind.Long => await DualEncoder(settings, settings.Long!, settings.Long, cancellationToken).ConfigureAwait(false),
            StageKind.Llava => await Llava(settings, settings.Llava!, cancellationToken).ConfigureAwait(false),
            _ => throw new ArgumentException($"{stage.Kind} is not training.", nameof(stage)),
        };
    }

    private async Task<OpenedTask> Align(AlignSettings settings, CancellationToken cancellationToken)
    {
        var align = settings.Align;
        using var clip = ClipModel.Load(settings.ClipFolder);
        var scale = Math.Exp(clip.LogitScale.item<float>());
        var loss = new AlignLoss(align.Loss.Over(align.Preset), scale);
        var pictures = new List<Picture>();
        await foreach (var picture in PictureSets.Read(store, settings.Generated, cancellationToken).ConfigureAwait(false))
        {
            pictures.Add(picture);
        }

        var data = new AlignData(
            pictures,
            await FeatureStore.Load(store, settings.RealFeatures, "embeddings", cancellationToken).ConfigureAwait(false),
            await FeatureStore.Load(store, settings.TextFeatures, "embeddings", cancellationToken).ConfigureAwait(false),
            loss.NeedsPatches ? await FeatureStore.Load(store, settings.RealFeatures, "patches", cancellationToken).ConfigureAwait(false) : null,
            settings.Run.Seed, align.BatchSize);
        var tower = ClipVisionTower.Load(settings.ClipFolder);
        var config = LoraConfig.For(align.Lora.Rank, align.Lora.Alpha, align.Lora.TargetModules, within: "vision_model");
        var adapter = LoraAdapter.Attach(tower, config, InitialisedBy(settings.Run.Seed, "align"));
        return new OpenedTask(
            new AlignTask(tower, adapter, ClipImageProcessor.Load(settings.ClipFolder), data, loss, settings.PatchLayer), align.Optimizer, align.Steps);
    }

    private async Task<OpenedTask> Caption(TrainSettings settings, CaptionSpec spec, CancellationToken cancellationToken)
    {
        var data = await Data(settings, "caption", "embeddings", spec.BatchSize, cancellationToken).ConfigureAwait(false);
        using var vision = ClipVisionTower.Load(settings.ClipFolder);
        var config = new ClipCapConfig { PrefixSize = vision.Config.ProjectionDim, PrefixLength = spec.PrefixLength };
        var model = ClipCapModel.Create(config, Gpt2Model.Load(settings.LanguageModelFolder!), InitialisedBy(settings.Run.Seed, "caption"));
        var folder = settings.LanguageModelFolder!;
        return new OpenedTask(new CaptionTask(model, TokenizerFolder.Load(folder), TokenizerFiles.Read(folder), data, spec), spec.Optimizer, spec.Steps);
    }

    private async Task<OpenedTask> DualEncoder(TrainSettings settings, TaskSpec spec, LongSpec? stretched, CancellationToken cancellationToken)
    {
        var data = await Data(settings, stretched is null ? "retrieve" : "long", "embeddings", spec.BatchSize, cancellationToken).ConfigureAwait(false);
        using var clip = ClipModel.Load(settings.ClipFolder);
        var tower = ClipTextTower.Load(settings.ClipFolder);
        if (stretched is not null)
        {
            Stretch(tower, stretched, settings.ClipFolder);
        }

        var task = new DualEncoderTask(
            tower, Math.Exp(clip.LogitScale.item<float>()), TokenizerFolder.Load(settings.ClipFolder), TokenizerFiles.Read(settings.ClipFolder), data,
            stretched is null ? item => item.Caption : item => item.LongCaption ?? item.Caption, stretched?.ShortWeight ?? 0);
        return new OpenedTask(task, spec.Optimizer, spec.Steps);
    }

    private static void Stretch(ClipTextTower tower, LongSpec spec, string clipFolder)
    {
        var positions = tower.Config.MaxPositionEmbeddings;
        if (spec.KeptPositions >= positions)
        {
            tower.Dispose();
            throw new InputException(
                "long.kept_positions", $"is {spec.KeptPositions}, but the text tower of {clipFolder} has {positions} positions.", $"Set at most {positions - 1}, so that some are left to stretch.");
        }

        tower.Stretch(spec.KeptPositions, spec.Stretch);
    }

    private async Task<OpenedTask> Llava(TrainSettings settings, LlavaSpec spec, CancellationToken cancellationToken)
    {
        var data = await Data(settings, "llava", "patches", spec.BatchSize, cancellationToken).ConfigureAwait(false);
        var task = LlavaTask.Create(settings.ClipFolder, settings.LanguageModelFolder!, data, spec, InitialisedBy(settings.Run.Seed, "llava"));
        return new OpenedTask(task, spec.Optimizer, spec.Steps);
    }

    private async Task<ArmData> Data(TrainSettings settings, string stage, string table, int batchSize, CancellationToken cancellationToken)
    {
        var streams = new List<ArmPictures>();
        if (settings.Real is { } real)
        {
            var items = await PictureSets.Captions(store, real.Captions, cancellationToken).ConfigureAwait(false);
            streams.Add(ArmPictures.Real(items, await FeatureStore.Load(store, real.Features, table, cancellationToken).ConfigureAwait(false)));
        }

        if (settings.Generated is { } generated)
        {
            var prompts = await CaptionStore.Read(store, generated.Captions, cancellationToken).ConfigureAwait(false);
            streams.Add(ArmPictures.Generated(
                [.. prompts.Select(prompt => new CaptionedItem(prompt.Id, prompt.Caption, prompt.LongCaption))],
                await FeatureStore.Load(store, generated.Features, table, cancellationToken).ConfigureAwait(false),
                settings.Point.DataFraction, settings.Point.ImagesPerCaption));
        }

        return new ArmData(streams, settings.Run.Seed, stage, batchSize);
    }

    // Initial weights are a function of the seed and of what is trained, never of the process-wide generator.
    private static Generator InitialisedBy(int seed, string stage)
    {
        var random = CounterRandom.For((ulong)seed, "initialise", stage);
        return new Generator(random.NextUInt64());
    }
}

/// <summary>A task with how it is to be optimised.</summary>
/// <param name="Task">The task; whoever opened it disposes it.</param>
/// <param name="Optimizer">AdamW's settings.</param>
/// <param name="Steps">Steps of the whole run.</param>
public sealed record OpenedTask(ILearningTask Task, OptimizerSpec Optimizer, int Steps);
