using System.Text.RegularExpressions;

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>A Dockerfile, as far as ours goes: stages and their instructions.</summary>
internal sealed partial class Dockerfile
{
    private readonly Dictionary<string, Stage> _stages = new(StringComparer.Ordinal);

    private Dockerfile(IEnumerable<Instruction> instructions)
    {
        Stage? stage = null;
        foreach (var instruction in instructions)
        {
            if (instruction.Verb is "FROM")
            {
                var words = instruction.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                stage = new Stage(words[0], []);
                _stages.Add(words[2], stage);
            }
            else
            {
                stage!.Instructions.Add(instruction);
            }
        }
    }

    /// <summary>Reads a Dockerfile in which every stage has a name.</summary>
    public static Dockerfile Read(string path)
    {
        var text = string.Join('\n', File.ReadAllLines(path).Where(line => !line.TrimStart().StartsWith('#')));
        return new Dockerfile(text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Trim().Split(' ', 2)).Select(parts => new Instruction(parts[0].ToUpperInvariant(), Spaces().Replace(parts[1], " ").Trim())));
    }

    /// <summary>The names of the stages in order.</summary>
    public IEnumerable<string> Stages => _stages.Keys;

    /// <summary>What a stage stands on in the end, an image from a registry.</summary>
    public string BaseImage(string stage) => _stages.TryGetValue(_stages[stage].From, out _) ? BaseImage(_stages[stage].From) : _stages[stage].From;

    /// <summary>The instructions of a stage and of those it stands on, the first ones first.</summary>
    public IEnumerable<Instruction> Instructions(string stage) =>
        (_stages.ContainsKey(_stages[stage].From) ? Instructions(_stages[stage].From) : []).Concat(_stages[stage].Instructions);

    /// <summary>What is given with one verb, such as USER: the last one holds.</summary>
    public string Last(string stage, string verb) => Instructions(stage).Last(instruction => instruction.Verb == verb).Text;

    /// <summary>The strings of ENTRYPOINT, CMD or all VOLUMEs.</summary>
    public static IReadOnlyList<string> Words(string json) => System.Text.Json.JsonSerializer.Deserialize<List<string>>(json)!;

    /// <summary>The environment of a stage.</summary>
    public IReadOnlyDictionary<string, string> Environment(string stage) => Instructions(stage)
        .Where(instruction => instruction.Verb is "ENV").SelectMany(instruction => instruction.Text.Split(' '))
        .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    private sealed record Stage(string From, List<Instruction> Instructions);
}
