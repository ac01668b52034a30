using GmailCluster.Errors;
using GmailCluster.Learning.Inputs;
using GmailCluster.Specs;

namespace GmailCluster.Host.Api;

/// <summary>A spec and the files it names, which were sent before under their hashes.</summary>
/// <param name="Spec">The YAML.</param>
/// <param name="Inputs">What each path of the spec, as it is written there, stands for. A path that is not here is one below the API's folder of inputs.</param>
internal sealed record SubmissionRequest(string Spec, IReadOnlyDictionary<string, SentInput>? Inputs = null)
{
    /// <summary>The most files of one submission.</summary>
    public const int MaxFiles = 500_000;

    /// <summary>Refuses what cannot be a submission, before anything is done with it.</summary>
    /// <exception cref="InputException">The message says what is wrong.</exception>
    public void Check(long maxFileBytes)
    {
        if (Spec.Length > SpecReader.MaxFileSizeBytes)
        {
            throw new InputException("spec", $"is larger than {SpecReader.MaxFileSizeBytes} bytes.", "A spec is a page of YAML.");
        }

        var inputs = Inputs ?? new Dictionary<string, SentInput>();
        if (inputs.Values.Sum(input => (long)input.Files.Count) > MaxFiles)
        {
            throw new InputException("inputs", $"are more than {MaxFiles} files.", "Pack pictures into tars (WebDataset).");
        }

        foreach (var (path, input) in inputs)
        {
            foreach (var file in input.Files)
            {
                Check(path, file, maxFileBytes);
            }

            if (input.Files.Select(file => file.Name).Distinct(StringComparer.Ordinal).Count() != input.Files.Count)
            {
                throw new InputException($"inputs: {path}", "names a file twice.", "Name each once.");
            }
        }
    }

    private static void Check(string path, InputFile file, long maxFileBytes)
    {
        if (file.Name.Length > 1024 || file.Name.AsSpan().ContainsAny('\\', '\0') || file.Name.Split('/').Any(segment => segment is "" or "." or ".."))
        {
            throw new InputException($"inputs: {path}", $"has a file '{file.Name}', which could lie outside its folder.", "Name files relative to it, with '/'.");
        }

        if (!InputEndpoints.IsSha256(file.Sha256))
        {
            throw new InputException($"inputs: {path}", $"has a file '{file.Name}' whose sha256 is none.", "Write 64 hexadecimal digits in lower case.");
        }

        if (file.LengthBytes < 0 || file.LengthBytes > maxFileBytes)
        {
            throw new InputException($"inputs: {path}", $"has a file '{file.Name}' of {file.LengthBytes} bytes, outside 0..{maxFileBytes}.", "Submit it from a machine that sees the store, or let whoever runs the API raise --max-input.");
        }
    }
}

/// <summary>What a path of a spec stands for.</summary>
/// <param name="IsFolder">A folder with the files; else the file of the path's own name, with files that lie beside it.</param>
/// <param name="Files">The files, named relative to the folder.</param>
internal sealed record SentInput(bool IsFolder, IReadOnlyList<InputFile> Files);
