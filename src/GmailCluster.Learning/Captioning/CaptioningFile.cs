using System.Text;
using System.Text.Json.Serialization;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Learning.Captioning;

/// <summary>
/// <c>captioning.json</c> beside a trained captioner: how it was asked in training and evaluation, so that whoever uses it later asks the
/// same way. Other libraries pass over the file.
/// </summary>
internal sealed record CaptioningFile
{
    public const string Name = "captioning.json";

    /// <summary>LLaVA: the question, with <c>&lt;image&gt;</c> where the picture goes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Prompt { get; init; }

    /// <summary>Longest caption, in tokens.</summary>
    public int MaxTokens { get; init; } = 24;

    /// <summary>Beams; 1 is greedy.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>A folder's file; defaults where there is none.</summary>
    public static CaptioningFile Of(string folder)
    {
        var path = Path.Combine(folder, Name);
        return File.Exists(path) ? ConfigFile.Read<CaptioningFile>(path) : new CaptioningFile();
    }

    public IReadOnlyDictionary<string, byte[]> ToFiles() => new Dictionary<string, byte[]> { [Name] = Encoding.UTF8.GetBytes(ConfigFile.Text(this)) };
}
