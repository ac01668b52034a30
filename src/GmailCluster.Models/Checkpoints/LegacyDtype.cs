using System.Text.Json;

namespace GmailCluster.Models.Checkpoints;

/// <summary>transformers before version 5 wrote <c>torch_dtype</c> for <c>dtype</c>; beside the newer key the older one would contradict it.</summary>
internal static class LegacyDtype
{
    /// <returns>A copy without the key.</returns>
    public static Dictionary<string, JsonElement>? Without(Dictionary<string, JsonElement>? others) =>
        others?.Where(o => o.Key != "torch_dtype").ToDictionary(o => o.Key, o => o.Value);
}
