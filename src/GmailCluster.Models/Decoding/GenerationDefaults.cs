using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Decoding;

/// <summary>A folder's <c>generation_config.json</c>: where generation ends and what pads it. Other fields are kept as they are.</summary>
public sealed record GenerationDefaults
{
    internal const string FileName = "generation_config.json";

    /// <summary>The token a sequence begins with.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The tokens that end a sequence. Null: nothing does but its length.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int>? EosTokenId { get; init; }

    /// <summary>The token behind the end. Null: the first end token.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>What else the file says.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }

    /// <summary>Options that end and pad sequences as this model does.</summary>
    /// <param name="maxNewTokens">The longest continuation.</param>
    /// <param name="beamCount">1 is greedy.</param>
    public GenerationOptions Options(int maxNewTokens, int beamCount = 1) => new()
    {
        MaxNewTokens = maxNewTokens,
        BeamCount = beamCount,
        EosTokenIds = EosTokenId ?? [],
        PadTokenId = PadTokenId,
    };

    /// <summary>Reads the file of a folder, or what the model's config says where there is none, as transformers does.</summary>
    internal static GenerationDefaults Load(string folder, GenerationDefaults fromConfig) =>
        File.Exists(Path.Combine(folder, FileName)) ? ConfigFile.Read<GenerationDefaults>(Path.Combine(folder, FileName)) : fromConfig;
}
