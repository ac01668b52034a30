namespace GmailCluster.Learning.Inputs;

/// <summary>A model folder in the store, <c>inputs/folders/&lt;digest&gt;.json</c>: written last, so a folder that has one is whole.</summary>
/// <param name="Digest">SHA-256 over the names and contents of its files: its name in the store and in the settings of stages.</param>
/// <param name="Files">Its files, by name in ordinal order.</param>
public sealed record InputManifest(string Digest, IReadOnlyList<InputFile> Files)
{
    /// <summary>Where a folder's manifest is.</summary>
    public static string ObjectKey(string digest) => $"inputs/folders/{digest}.json";
}

/// <summary>A file of a model folder.</summary>
/// <param name="Name">Relative to the folder, with '/'.</param>
/// <param name="Sha256">Its content.</param>
/// <param name="LengthBytes">Its length.</param>
public sealed record InputFile(string Name, string Sha256, long LengthBytes)
{
    /// <summary>Where its content is: files that folders share are there once.</summary>
    public string ObjectKey => $"inputs/files/{Sha256}";
}
