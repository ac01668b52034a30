using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GmailCluster.Keys;

/// <summary>
/// The name of an artifact: a hash of what made it (design, section 2.2). The same stage, code version, part of the spec and
/// inputs give the same key, so asking for an existing key is a cache hit.
/// </summary>
/// <param name="Value">32 lower-case hexadecimal digits (128 bits of a SHA-256).</param>
[GenerateSerializer, Immutable, Alias("gmail.artifact-key")]
public readonly record struct ArtifactKey([property: Id(0)] string Value)
{
    /// <summary>Hashes a stage's identity.</summary>
    /// <param name="stage">The stage's kind, such as <c>align</c>.</param>
    /// <param name="version">The code version tag: raised when the same spec would give other bytes.</param>
    /// <param name="spec">The stage's part of the spec; serialised canonically (members sorted by name).</param>
    /// <param name="inputs">Keys or content hashes of its inputs, in a fixed order.</param>
    public static ArtifactKey Of(string stage, int version, object spec, params IEnumerable<string> inputs)
    {
        var canonical = new JsonObject
        {
            ["stage"] = stage,
            ["version"] = version,
            ["spec"] = Sorted(JsonSerializer.SerializeToNode(spec, Stages.StageJson.Options)),
            ["inputs"] = new JsonArray([.. inputs.Select(input => JsonValue.Create(input))]),
        };
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToJsonString()));
        return new ArtifactKey(Convert.ToHexStringLower(digest)[..32]);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value?.DeepClone())))),
        JsonArray a => new JsonArray([.. a.Select(item => Sorted(item?.DeepClone()))]),
        _ => node?.DeepClone(),
    };
}
