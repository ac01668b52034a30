namespace GmailCluster.Models.Decoding;

/// <summary>How a continuation is sought. Defaults are transformers' own.</summary>
public sealed record GenerationOptions
{
    /// <summary>The longest continuation, in tokens; at least 1.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>The tokens that end a sequence; empty: its length alone does.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The token behind the end. Null: the first end token.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Beams; 1 is greedy. Default 1.</summary>
    public int BeamCount { get; init; } = 1;

    /// <summary>A finished sequence's log-probability is divided by its length to this power. Default 1. Beam search only.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When beam search ends. Default: by transformers' heuristic.</summary>
    public BeamStopping Stopping { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxNewTokens, 1, nameof(MaxNewTokens));
        ArgumentOutOfRangeException.ThrowIfLessThan(BeamCount, 1, nameof(BeamCount));
    }
}
