using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace GmailCluster.Specs;

/// <summary>What every downstream training stage has.</summary>
public abstract record TaskSpec
{
    /// <summary>Optimiser steps. Default 250.</summary>
    [Range(1, 10_000_000)]
    public int Steps { get; init; } = 250;

    /// <summary>Pairs in a global batch, split evenly over the ranks. Default 64.</summary>
    [Range(1, 1_000_000)]
    public int BatchSize { get; init; } = 64;

    /// <summary>The optimiser.</summary>
    public OptimizerSpec Optimizer { get; init; } = new();
}

/// <summary>CLIPCap (arXiv 2111.09734): a mapping network from an image embedding to a prefix for GPT-2; both are tuned.</summary>
public sealed record CaptionSpec : TaskSpec
{
    /// <summary>Prefix tokens. Default 4.</summary>
    [Range(1, 256)]
    public int PrefixLength { get; init; } = 4;

    /// <summary>Longest caption, in tokens, in training and decoding. Default 24.</summary>
    [Range(1, 1024)]
    public int MaxTokens { get; init; } = 24;

    /// <summary>Beams in decoding; 1 is greedy. Default 1.</summary>
    [Range(1, 64)]
    public int Beams { get; init; } = 1;

    /// <summary>Tune the language model too, not the mapping network alone. Default true.</summary>
    public bool TuneLanguageModel { get; init; } = true;
}

/// <summary>A text tower tuned against frozen image embeddings, for retrieval and zero-shot classification.</summary>
public sealed record RetrieveSpec : TaskSpec;

/// <summary>Long-CLIP (arXiv 2403.15378): the text tower with stretched positions, tuned on long captions.</summary>
public sealed record LongSpec : TaskSpec
{
    /// <summary>The first positions, which start from their own embeddings and not from interpolated ones. Default 20, as Long-CLIP.</summary>
    [Range(0, 1024)]
    public int KeptPositions { get; init; } = 20;

    /// <summary>How far the other positions are stretched. Default 4.</summary>
    [Range(2, 64)]
    public int Stretch { get; init; } = 4;

    /// <summary>
    /// Weight of Long-CLIP's second loss: short captions against the pictures' 32 leading principal components. Long-CLIP has 1. Default 0: long
    /// captions alone.
    /// </summary>
    [Range(0.0, 1e6)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // keys of runs without it stay as they were
    public double ShortWeight { get; init; }
}

/// <summary>LLaVA (arXiv 2304.08485): patch features through a projector into a Llama; both are tuned.</summary>
public sealed record LlavaSpec : TaskSpec
{
    /// <summary>Which hidden state of the image tower is read; negative counts from the end. Default -2.</summary>
    [Range(-64, 64)]
    public int FeatureLayer { get; init; } = -2;

    /// <summary>The question, with <c>&lt;image&gt;</c> where the patches go. The answer follows it.</summary>
    public string Prompt { get; init; } = "USER: <image> What is this? ASSISTANT:";

    /// <summary>Longest answer, in tokens. Default 24.</summary>
    [Range(1, 4096)]
    public int MaxTokens { get; init; } = 24;

    /// <summary>LoRA on the language model instead of tuning it whole. Default: tuned whole.</summary>
    public LoraSpec? Lora { get; init; }
}
