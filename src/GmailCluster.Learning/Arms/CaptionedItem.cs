namespace GmailCluster.Learning.Arms;

/// <summary>A caption that has a picture: real, or generated from it.</summary>
/// <param name="Id">Ties a generated picture to its real one.</param>
/// <param name="Caption">The caption.</param>
/// <param name="LongCaption">The long caption, where there is one.</param>
public sealed record CaptionedItem(string Id, string Caption, string? LongCaption);
