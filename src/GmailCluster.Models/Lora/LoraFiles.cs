namespace GmailCluster.Models.Lora;

/// <summary>The two files of a PEFT adapter, as bytes.</summary>
/// <param name="Config">Content of <c>adapter_config.json</c>.</param>
/// <param name="Weights">Content of <c>adapter_model.safetensors</c>.</param>
public sealed record LoraFiles(ReadOnlyMemory<byte> Config, ReadOnlyMemory<byte> Weights)
{
    /// <summary>Name of the settings file.</summary>
    public const string ConfigName = "adapter_config.json";

    /// <summary>Name of the weights file.</summary>
    public const string WeightsName = "adapter_model.safetensors";
}
