using System.Text.Json.Serialization;

namespace GmailCluster.Specs;

/// <summary>What a downstream model is trained on; all are tested on real pictures through plain CLIP (GMAIL, section 4).</summary>
public enum Arm
{
    /// <summary>Real pictures through CLIP. Written <c>real</c>.</summary>
    Real,

    /// <summary>Generated pictures through CLIP, as if they were real. Written <c>naive</c>.</summary>
    Naive,

    /// <summary>Half real, half generated, both through CLIP. Written <c>mixed</c>.</summary>
    Mixed,

    /// <summary>Generated pictures through Gen-CLIP. Written <c>gmail</c>.</summary>
    Gmail,

    /// <summary>Half real through CLIP, half generated through Gen-CLIP. Written <c>gmail+real</c>.</summary>
    [JsonStringEnumMemberName("gmail+real")]
    GmailReal,
}
