using GmailCluster.Keys;
using GmailCluster.Specs;

namespace GmailCluster.Stages;

/// <summary>Settings of <see cref="StageKind.Import"/>.</summary>
/// <param name="Dataset">What to import.</param>
/// <param name="BaseFolder">Folder that its path is relative to.</param>
public sealed record ImportSettings(DatasetSpec Dataset, string BaseFolder);

/// <summary>Settings of <see cref="StageKind.Prompts"/>.</summary>
/// <param name="Prompts">The list, or null to take the captions of <paramref name="Images"/>.</param>
/// <param name="BaseFolder">Folder that its path is relative to.</param>
/// <param name="Images">The imported training set, when there is no list.</param>
public sealed record PromptsSettings(PromptsSpec? Prompts, string BaseFolder, ArtifactKey? Images);

/// <summary>Settings of <see cref="StageKind.Generate"/>.</summary>
/// <param name="Prompts">Captions to generate for.</param>
/// <param name="Generate">How.</param>
/// <param name="DiffusionFolder">The pipeline.</param>
/// <param name="ModelDigest">The pipeline's content hash, recorded with each image.</param>
public sealed record GenerateSettings(ArtifactKey Prompts, GenerateSpec Generate, string DiffusionFolder, string ModelDigest);

/// <summary>Settings of <see cref="StageKind.Features"/>.</summary>
/// <param name="Source">Pictures (an import or a generation) or, for text, captions.</param>
/// <param name="ClipFolder">The encoder.</param>
/// <param name="Adapter">Gen-CLIP's adapter; null for plain CLIP.</param>
/// <param name="PatchLayer">Also keep the patches of this hidden state.</param>
/// <param name="Text">Embed the captions instead of the pictures.</param>
public sealed record FeatureSettings(ArtifactKey Source, string ClipFolder, ArtifactKey? Adapter, int? PatchLayer, bool Text);

/// <summary>Settings of <see cref="StageKind.Align"/>.</summary>
/// <param name="Generated">Generated images, to train on.</param>
/// <param name="Real">The imported training set: which captions have a real picture.</param>
/// <param name="RealFeatures">Its embeddings through CLIP.</param>
/// <param name="TextFeatures">Its captions' embeddings.</param>
/// <param name="Align">Loss, adapter, steps.</param>
/// <param name="PatchLayer">The hidden state of the patch terms.</param>
/// <param name="ClipFolder">The base model.</param>
/// <param name="Run">Seed, ranks, checkpoints.</param>
public sealed record AlignSettings(
    ArtifactKey Generated, ArtifactKey Real, ArtifactKey RealFeatures, ArtifactKey TextFeatures,
    AlignSpec Align, int PatchLayer, string ClipFolder, RunSettings Run);

/// <summary>Settings of the downstream training stages.</summary>
/// <param name="Arm">What it trains on.</param>
/// <param name="Real">The imported training set and its features, for arms that see real pictures.</param>
/// <param name="Generated">Prompts and the features of their images, for arms that see generated ones.</param>
/// <param name="Point">Part of the generated data.</param>
/// <param name="ClipFolder">CLIP: its text tower is tuned, or its widths are needed.</param>
/// <param name="LanguageModelFolder">GPT-2 or Llama, for the captioners.</param>
/// <param name="Caption">Set for <see cref="StageKind.Caption"/>.</param>
/// <param name="Retrieve">Set for <see cref="StageKind.Retrieve"/>.</param>
/// <param name="Long">Set for <see cref="StageKind.Long"/>.</param>
/// <param name="Llava">Set for <see cref="StageKind.Llava"/>.</param>
/// <param name="Run">Seed, ranks, checkpoints.</param>
public sealed record TrainSettings(
    Arm Arm, FeatureSource? Real, FeatureSource? Generated, SweepPoint Point, string ClipFolder, string? LanguageModelFolder,
    CaptionSpec? Caption, RetrieveSpec? Retrieve, LongSpec? Long, LlavaSpec? Llava, RunSettings Run);

/// <summary>Captions and the features that stand for their pictures.</summary>
/// <param name="Captions">An import or a prompts key.</param>
/// <param name="Features">A features key.</param>
public sealed record FeatureSource(ArtifactKey Captions, ArtifactKey Features);

/// <summary>What every training run has.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="WorldSize">Virtual ranks.</param>
/// <param name="Checkpoint">How state is saved.</param>
/// <param name="WireType">In which numbers gradients travel.</param>
public sealed record RunSettings(int Seed, int WorldSize, CheckpointSpec Checkpoint, WireType WireType = WireType.Float32);

/// <summary>Settings of <see cref="StageKind.Evaluate"/>.</summary>
/// <param name="Trained">The training stage whose result is measured.</param>
/// <param name="Task">Which task it was.</param>
/// <param name="Tests">Held-out sets and their features through plain CLIP.</param>
/// <param name="Evaluate">Cut-offs, zero-shot.</param>
/// <param name="ClipFolder">CLIP.</param>
/// <param name="LanguageModelFolder">Tokenizer of the captioner.</param>
/// <param name="Train">The training settings: decoding, prompt.</param>
public sealed record EvaluateSettings(
    ArtifactKey Trained, StageKind Task, IReadOnlyList<NamedSource> Tests, EvaluateSpec Evaluate, string ClipFolder,
    string? LanguageModelFolder, TrainSettings Train);

/// <summary>A test set.</summary>
public sealed record NamedSource(string Name, ArtifactKey Captions, ArtifactKey Features);

/// <summary>Settings of <see cref="StageKind.Gap"/>: generated against real pictures of the same held-out captions.</summary>
/// <param name="Tests">Held-out sets; the captions that were generated for are used.</param>
/// <param name="Before">Generated pictures through CLIP.</param>
/// <param name="After">Generated pictures through Gen-CLIP.</param>
/// <param name="Seed">Seed of the classifier's split.</param>
public sealed record GapSettings(IReadOnlyList<NamedSource> Tests, ArtifactKey Before, ArtifactKey After, int Seed);
