namespace GmailCluster.Models.Decoding;

/// <summary>When beam search ends (transformers' <c>early_stopping</c>).</summary>
public enum BeamStopping
{
    /// <summary>When no running beam, judged at its present length, can beat the worst finished one. transformers' <c>False</c>, its default.</summary>
    Heuristic,

    /// <summary>When as many sequences have finished as there are beams. <c>True</c>.</summary>
    WhenFull,

    /// <summary>When no running beam can beat the worst finished one at any length. <c>"never"</c>.</summary>
    Exhaustive,
}
