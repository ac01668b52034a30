using System.Text;
using GmailCluster.Errors;
using GmailCluster.Specs.Rules;
using GmailCluster.Specs.Yaml;

namespace GmailCluster.Specs;

/// <summary>Reads and checks a spec whole: syntax, keys, values, rules and the files it names, all problems at once.</summary>
public static class SpecReader
{
    /// <summary>Largest spec file accepted.</summary>
    public const int MaxFileSizeBytes = 1 << 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a spec file and checks it together with the files it names.</summary>
    /// <param name="path">The YAML file.</param>
    /// <exception cref="SpecException">It is not valid; the message lists every problem.</exception>
    /// <exception cref="InputException">There is no such file, or it cannot be read.</exception>
    public static LoadedSpec Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var text = ReadText(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new LoadedSpec(Parse(text, path, folder), path, folder, text);
    }

    /// <summary>Reads a spec from text whose files lie elsewhere than it says, and checks it together with them.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="path">What to call it in messages.</param>
    /// <param name="folder">Full path of the folder that the placed paths are relative to.</param>
    /// <param name="place">The spec with the paths where its files are.</param>
    /// <exception cref="SpecException">It is not valid; the message lists every problem.</exception>
    public static LoadedSpec Read(string text, string path, string folder, Func<ExperimentSpec, ExperimentSpec> place)
    {
        ArgumentNullException.ThrowIfNull(place);
        var placed = place(Parse(text, path));
        Parse(text, path, folder, placed);
        return new LoadedSpec(placed, path, folder, text);
    }

    /// <summary>Reads a spec from text, without looking at the files it names.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="path">What to call it in messages.</param>
    /// <exception cref="SpecException">It is not valid; the message lists every problem.</exception>
    public static ExperimentSpec Parse(string text, string path) => Parse(text, path, folder: null);

    private static ExperimentSpec Parse(string text, string path, string? folder, ExperimentSpec? placed = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        YamlValue? root;
        try
        {
            root = YamlComposer.Compose(text);
        }
        catch (YamlSyntaxException e)
        {
            throw new SpecException([new SpecProblem(path, e.Line, "", e.Message, e.Remedy)], e);
        }

        if (root is null or YamlScalar { IsEmpty: true })
        {
            throw new SpecException([new SpecProblem(path, 0, "", "is empty.", "Begin with 'name:'; samples/emoji/quick.yaml is an example.")]);
        }

        var binder = new SpecBinder(path);
        var spec = binder.Bind(root);
        var findings = SpecRules.Check(spec, binder.Lines.Keys, binder.Failed).AsEnumerable();
        if (folder is not null)
        {
            findings = findings.Concat(SpecFiles.Check(placed ?? spec, folder));
        }

        SpecProblem[] problems = [.. binder.Problems, .. findings.Select(finding => Place(finding, path, binder.Lines))];
        return problems.Length == 0 ? spec : throw new SpecException(problems);
    }

    private static SpecProblem Place(SpecFinding finding, string path, Dictionary<string, int> lines)
    {
        // A key that is not written has no line: the section it belongs to has.
        var key = finding.Key;
        int line;
        while (!lines.TryGetValue(key, out line))
        {
            key = key[..Math.Max(0, key.LastIndexOfAny(['.', '[']))];
        }

        return new SpecProblem(path, line, finding.Key, finding.Problem, finding.Remedy);
    }

    private static string ReadText(string path)
    {
        if (Directory.Exists(path))
        {
            throw new InputException(path, "is a folder, not a spec.", "Name the YAML file in it.");
        }

        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[MaxFileSizeBytes + 1];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (count > MaxFileSizeBytes)
            {
                throw new InputException(path, $"is larger than {MaxFileSizeBytes} bytes.", "A spec is a page of YAML: is this the right file?");
            }

            var body = bytes.AsSpan(0, count);
            return Utf8.GetString(body.StartsWith(Encoding.UTF8.Preamble) ? body[Encoding.UTF8.Preamble.Length..] : body);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException(path, "is not there.", "Name an existing spec, such as samples/emoji/quick.yaml.", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException(path, $"is not UTF-8 text: byte {e.Index} cannot be read.", "Save it as UTF-8: is this the right file?", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read: {e.Message}", "Check the path and your rights to it.", e);
        }
    }
}
